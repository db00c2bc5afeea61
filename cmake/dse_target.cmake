# Flags every target of ours shares.
function(dse_flags target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow $<$<BOOL:${DSE_WERROR}>:-Werror>>)
  # GCC 12 reports string concatenation as copies that overlap or are too long (GCC bug 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread>)
  endif()
  # Programs and libraries alike, so that they can share a precompiled header.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fPIC>)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# One static library per folder with the alias dse::NAME. Sources are listed by hand. PLAIN: without the precompiled
# header, for what is compiled with flags of its own. COMPUTES: what tests spend their time in.
function(dse_library name)
  cmake_parse_arguments(ARG "PLAIN;COMPUTES" "" "" ${ARGN})
  add_library(dse_${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(dse::${name} ALIAS dse_${name})
  dse_flags(dse_${name})
  # The builds of ASan and TSan do not optimise, so that they compile faster, but for what computes.
  set(optimised "")
  if(CMAKE_BUILD_TYPE STREQUAL "Sanitize" AND (ARG_COMPUTES OR ARG_PLAIN))
    target_compile_options(dse_${name} PRIVATE -O1)
    set(optimised _optimised)
  endif()
  if(NOT ARG_PLAIN)
    dse_precompile(dse_${name} ours${optimised} <core/precompiled.h>)
  else()
    set_target_properties(dse_${name} PROPERTIES UNITY_BUILD OFF)
  endif()
endfunction()

function(dse_program name)
  add_executable(${name} ${ARGN})
  dse_flags(${name})
  dse_precompile(${name} ours)
endfunction()

# Test files are compiled for a quick build, not for a quick program; what they test keeps its flags.
set(DSE_TEST_FLAGS "-O0" CACHE STRING "Flags of the test files, behind those of the preset")
separate_arguments(DSE_TEST_FLAGS_LIST UNIX_COMMAND "${DSE_TEST_FLAGS}")

# Headers that most sources of a target include, parsed once: by the first target of those that share the name, whose
# flags must be the same.
function(dse_precompile target name)
  get_property(first GLOBAL PROPERTY DSE_PRECOMPILED_${name})
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    target_precompile_headers(${target} PRIVATE ${ARGN})
    set_property(GLOBAL PROPERTY DSE_PRECOMPILED_${name} ${target})
  endif()
  # A compiler cache then sees what the header holds.
  if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endfunction()

# What tests and their support are compiled with.
function(dse_test_target target)
  dse_flags(${target})
  target_compile_options(${target} PRIVATE ${DSE_TEST_FLAGS_LIST})
  dse_precompile(${target} tests <catch2/catch.hpp> <core/precompiled.h>)
endfunction()

# One test program per folder, registered with ctest. dse_test(core a_test.cc b_test.cc LINK dse::core)
# BY_ROOM: the files of each room (tests/runner/data, ...) are a test of their own, so that several run at once.
# PARTS n: n tests, cli_1, cli_2, ..., of every nth file. COMPUTES: its files compute much themselves and are
# optimised, but under sanitizers.
# ctest begins with the tests of the highest COST, in seconds, where it does not know better yet.
function(dse_test folder)
  cmake_parse_arguments(ARG "BY_ROOM;COMPUTES" "COST;PARTS" "LINK" ${ARGN})
  add_executable(${folder}_test ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_COMPUTES AND NOT CMAKE_BUILD_TYPE STREQUAL "Sanitize")
    dse_flags(${folder}_test)
    target_compile_options(${folder}_test PRIVATE -O1)
  else()
    dse_test_target(${folder}_test)
  endif()
  target_link_libraries(${folder}_test PRIVATE Catch2::Catch2WithMain dse_test_support ${ARG_LINK})
  # What uses one thread has no races.
  set(filter "")
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
    set(filter "~[one-thread]")
  endif()
  # Millions of draws for a law touch no memory that a thousand do not, nor hundreds of steps what a few do not.
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=address")
    set(filter "~[many-draws]~[trains-long]")
  endif()
  if(ARG_BY_ROOM)
    dse_test_rooms(${folder} "${filter}" ${ARG_UNPARSED_ARGUMENTS})
  elseif(ARG_PARTS)
    dse_test_parts(${folder} "${filter}" ${ARG_PARTS} "${ARG_COST}" ${ARG_UNPARSED_ARGUMENTS})
  else()
    dse_add_test(${folder} ${folder}_test ${filter})
    if(ARG_COST)
      set_tests_properties(${folder} PROPERTIES COST ${ARG_COST})
    endif()
  endif()
endfunction()

function(dse_add_test name)
  add_test(NAME ${name} COMMAND ${ARGN} --order rand --rng-seed time)
  set_tests_properties(${name} PROPERTIES TIMEOUT 3600)  # only ends a hang
endfunction()

function(dse_test_parts program filter parts cost)
  list(FILTER ARGN INCLUDE REGEX "_test\\.cc$")
  set(number 0)
  foreach(file ${ARGN})
    cmake_path(GET file STEM stem)
    math(EXPR part "${number} % ${parts} + 1")
    math(EXPR number "${number} + 1")
    list(APPEND tags_${part} "[#${stem}]${filter}")
  endforeach()
  foreach(part RANGE 1 ${parts})
    list(JOIN tags_${part} "," tags)
    dse_add_test(${program}_${part} ${program}_test --filenames-as-tags "${tags}")
    set_tests_properties(${program}_${part} PROPERTIES COST ${cost})
  endforeach()
endfunction()

# A test for each room that has files among those of the program, called runner_data, or threads_runner_data where the
# program is no room's: the cases that Catch2 tags with them.
function(dse_test_rooms program filter)
  set(rooms "")
  foreach(file ${ARGN})
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/tests)
    if(file MATCHES "^([^/]+(/[^/]+)?)/(.*/)?([^/]+_test)\\.cc$")
      set(tag "[#${CMAKE_MATCH_4}]${filter}")
      string(REPLACE "/" "_" room "${CMAKE_MATCH_1}")
      list(APPEND rooms ${room})
      list(APPEND tags_of_${room} "${tag}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES rooms)
  foreach(room ${rooms})
    list(JOIN tags_of_${room} "," tags)
    set(name ${room})
    if(NOT room MATCHES "^${program}")
      set(name ${program}_${room})
    endif()
    dse_add_test(${name} ${program}_test --filenames-as-tags "${tags}")
  endforeach()
endfunction()
