# cmake -DMODULE=FILE -DCUDART=FOLDER -DNCCL=FOLDER -P libraries_test.cmake
# The CUDA runtime and NCCL that the loader finds for the module lie in these folders.
execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=LD_LIBRARY_PATH ldd ${MODULE}
  OUTPUT_VARIABLE text RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "ldd ${MODULE} ended with ${code}")
endif()
foreach(library cudart nccl)
  string(TOUPPER ${library} folder)
  if(NOT text MATCHES "lib${library}\\.so[^ ]* => ([^ ]+)")
    message(FATAL_ERROR "${MODULE} does not find lib${library}:\n${text}")
  endif()
  file(REAL_PATH ${CMAKE_MATCH_1} found)
  file(REAL_PATH ${${folder}} expected)
  cmake_path(GET found PARENT_PATH found_in)
  if(NOT found_in STREQUAL expected)
    message(FATAL_ERROR "${MODULE} finds ${found}, not the one in ${expected}")
  endif()
endforeach()
