# What makes a build faster where it is installed; none of it is needed.

# Compiled files are kept over clones of the project that lie side by side. CMAKE_CXX_COMPILER_LAUNCHER chooses
# another launcher, an empty one none.
find_program(DSE_CCACHE ccache)
if(DSE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER AND NOT DEFINED ENV{CMAKE_CXX_COMPILER_LAUNCHER})
  cmake_path(GET PROJECT_SOURCE_DIR PARENT_PATH clones)
  # Sources are not preprocessed first: a file that is not in the cache costs little more than without one.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${clones} CCACHE_NOHASHDIR=1
      CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${DSE_CCACHE})
endif()

# GCC knows mold since 12.1.
find_program(DSE_MOLD mold)
if(DSE_MOLD AND (NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12.1))
  add_link_options($<$<LINK_LANGUAGE:CXX>:-fuse-ld=mold>)
endif()
