# The files a report is made of (analysis/report/assets.h), assembled into TARGET as they are.
set(DSE_VEGA_BUNDLE "${PROJECT_SOURCE_DIR}/.venv/share/dse/vega-bundle.js" CACHE FILEPATH
    "Vega, Vega-Lite and vega-embed in one JavaScript file, made by scripts/setup")
enable_language(ASM)

function(dse_report_assets target)
  if(NOT EXISTS "${DSE_VEGA_BUNDLE}")
    message(FATAL_ERROR "The chart library of the report, ${DSE_VEGA_BUNDLE}, is missing: run scripts/setup, which "
                        "makes it, or give -DDSE_VEGA_BUNDLE=FILE.")
  endif()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/assets.S)
  configure_file(report/assets.S.in ${source} @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS
    "${DSE_VEGA_BUNDLE};${CMAKE_CURRENT_SOURCE_DIR}/report/report.js;${CMAKE_CURRENT_SOURCE_DIR}/report/report.css;${CMAKE_CURRENT_SOURCE_DIR}/report/theme.json;${CMAKE_CURRENT_SOURCE_DIR}/report/THIRD-PARTY-NOTICES.txt")
  target_sources(${target} PRIVATE ${source})
endfunction()
