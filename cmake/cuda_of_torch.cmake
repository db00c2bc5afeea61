# Which CUDA a LibTorch needs, and which GPUs are built for.

# GPUs that PyTorch's wheels have code for, and V100 (70), which those for CUDA 12 have; the last also as code that
# later GPUs compile for themselves.
set(DSE_CUDA_ARCHITECTURES 70 75 80 86 90 100 120)

# The major version of the CUDA runtime that a libtorch_cuda.so loads ("13"); "" where readelf cannot tell.
function(dse_torch_cuda_major library result)
  set(major "")
  if(CMAKE_READELF)
    execute_process(COMMAND ${CMAKE_READELF} -d ${library} OUTPUT_VARIABLE dynamic ERROR_QUIET)
    if(dynamic MATCHES "libcudart[^]]*\\.so\\.([0-9]+)")
      set(major ${CMAKE_MATCH_1})
    endif()
  endif()
  set(${result} "${major}" PARENT_SCOPE)
endfunction()

# "13.0" of an nvcc.
function(dse_toolkit_version nvcc result)
  execute_process(COMMAND ${nvcc} --version OUTPUT_VARIABLE text ERROR_QUIET)
  string(REGEX MATCH "release ([0-9]+\\.[0-9]+)" found "${text}")
  set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

# Ends the configuration where LibTorch and the toolkit are of different majors: a process would have two runtimes.
function(dse_check_toolkit torch_major toolkit_version)
  if(torch_major STREQUAL "" OR toolkit_version MATCHES "^${torch_major}\\.")
    return()
  endif()
  message(FATAL_ERROR "LibTorch is built for CUDA ${torch_major} and the toolkit is CUDA ${toolkit_version}: install "
                      "a toolkit ${torch_major} (CMAKE_CUDA_COMPILER chooses it) or a LibTorch for the toolkit's "
                      "CUDA, or build for the CPU alone with -DDSE_WITH_CUDA=OFF.")
endfunction()

# Numbers of the architectures an nvcc can build for.
function(dse_known_architectures nvcc result)
  execute_process(COMMAND ${nvcc} --list-gpu-arch OUTPUT_VARIABLE text ERROR_QUIET)
  string(REGEX MATCHALL "[0-9]+" known "${text}")
  set(${result} "${known}" PARENT_SCOPE)
endfunction()

# Of ours those that are known, "-real"; the last with what later GPUs compile.
function(dse_choose_architectures known result)
  set(chosen "")
  foreach(architecture IN LISTS DSE_CUDA_ARCHITECTURES)
    if(architecture IN_LIST known)
      list(APPEND chosen ${architecture}-real)
      set(last ${architecture})
    endif()
  endforeach()
  if(NOT chosen)
    message(FATAL_ERROR "nvcc builds for none of the GPUs ${DSE_CUDA_ARCHITECTURES} (it knows: ${known}); name one of "
                        "yours with -DCMAKE_CUDA_ARCHITECTURES=NUMBER.")
  endif()
  set(${result} "${chosen};${last}-virtual" PARENT_SCOPE)
endfunction()
