# Flags every target of ours shares.
function(dse_flags target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow $<$<BOOL:${DSE_WERROR}>:-Werror>>)
  # GCC 12 reports string concatenation as overlapping copies (GCC bug 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
  endif()
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
endfunction()

# One static library per folder with the alias dse::NAME. Sources are listed by hand.
function(dse_library name)
  add_library(dse_${name} STATIC ${ARGN})
  add_library(dse::${name} ALIAS dse_${name})
  dse_flags(dse_${name})
endfunction()

# Test files are compiled for a quick build, not for a quick program; what they test keeps the preset's flags.
set(DSE_TEST_FLAGS "-O1" CACHE STRING "Flags of the test files, behind those of the preset")
separate_arguments(DSE_TEST_FLAGS_LIST UNIX_COMMAND "${DSE_TEST_FLAGS}")

# A header that most sources of a target include, parsed once for all of them. They still include what they use.
function(dse_precompile target header)
  target_precompile_headers(${target} PRIVATE ${header})
  # A compiler cache then sees what the header holds.
  if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endfunction()

# One test program per folder, registered with ctest. dse_test(core a_test.cc b_test.cc LINK dse::core)
function(dse_test folder)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${folder}_test ${ARG_UNPARSED_ARGUMENTS})
  dse_flags(${folder}_test)
  target_compile_options(${folder}_test PRIVATE ${DSE_TEST_FLAGS_LIST})
  # The same bug as in dse_flags, in other words where less is optimised.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${folder}_test PRIVATE -Wno-array-bounds -Wno-stringop-overflow)
  endif()
  dse_precompile(${folder}_test <catch2/catch.hpp>)
  target_link_libraries(${folder}_test PRIVATE Catch2::Catch2WithMain ${ARG_LINK})
  # What uses one thread has no races.
  set(filter "")
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
    set(filter "~[one-thread]")
  endif()
  add_test(NAME ${folder} COMMAND ${folder}_test ${filter} --order rand --rng-seed time)
  set_tests_properties(${folder} PROPERTIES TIMEOUT 3600)  # only ends a hang
endfunction()
