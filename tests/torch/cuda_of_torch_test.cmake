# What cmake/cuda_of_torch.cmake decides: cmake -P tests/torch/cuda_of_torch_test.cmake
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/cuda_of_torch.cmake)

function(expect what value expected)
  if(NOT value STREQUAL expected)
    message(FATAL_ERROR "${what}: '${value}' in place of '${expected}'")
  endif()
endfunction()

# As nvcc 13.0 and 12.4 list them.
dse_choose_architectures("75;80;86;87;88;89;90;100;110;103;120;121" cuda13)
expect("CUDA 13" "${cuda13}" "75-real;80-real;86-real;90-real;100-real;120-real;120-virtual")
dse_choose_architectures("50;52;53;60;61;62;70;72;75;80;86;87;89;90" cuda12)
expect("CUDA 12" "${cuda12}" "70-real;75-real;80-real;86-real;90-real;90-virtual")

dse_check_toolkit(13 13.2)
dse_check_toolkit("" 12.4)
if(DEFINED MISMATCH)  # ends here, in the process below
  dse_check_toolkit(13 12.4)
  return()
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -DMISMATCH=1 -P ${CMAKE_CURRENT_LIST_FILE}
  RESULT_VARIABLE code ERROR_VARIABLE text)
if(code EQUAL 0)
  message(FATAL_ERROR "a toolkit of CUDA 12 was accepted for a LibTorch of CUDA 13")
endif()
string(REGEX REPLACE "[ \n]+" " " text "${text}")
if(NOT text MATCHES "built for CUDA 13 and the toolkit is CUDA 12.4: install a toolkit 13")
  message(FATAL_ERROR "the refusal says: ${text}")
endif()
