# LibTorch as the target dse::libtorch. Looked for in Torch_DIR and CMAKE_PREFIX_PATH where they are given,
# else in the torch package of DSE_TORCH_PYTHON. The headers and libraries are used directly:
# TorchConfig.cmake of the CUDA wheel refuses to load on a machine without a CUDA toolkit.
#
# With a CUDA toolkit, DSE_WITH_CUDA=ON and a LibTorch that has CUDA, the language CUDA is enabled and
# DSE_TORCH_CUDA is ON; else only the CPU libraries are linked, which load faster and need no NVIDIA package.
# DSE_TORCH_RPATH is what a program or module needs to find them at run time. CMAKE_CUDA_ARCHITECTURES chooses the
# GPUs that our own kernels are built for.

set(DSE_TORCH_PYTHON "${PROJECT_SOURCE_DIR}/.venv/bin/python" CACHE FILEPATH
    "Python whose torch package holds LibTorch, where Torch_DIR is not given")

set(torch_hints "")
if(Torch_DIR)
  cmake_path(ABSOLUTE_PATH Torch_DIR OUTPUT_VARIABLE torch_dir)
  cmake_path(SET torch_hints NORMALIZE "${torch_dir}/../../..")  # PREFIX/share/cmake/Torch
elseif(EXISTS "${DSE_TORCH_PYTHON}")
  execute_process(
    COMMAND "${DSE_TORCH_PYTHON}" -c "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE torch_hints OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()

find_path(DSE_TORCH_INCLUDE ATen/ATen.h HINTS ${torch_hints} PATH_SUFFIXES include)
find_library(DSE_TORCH_CPU_LIBRARY torch_cpu HINTS ${torch_hints} PATH_SUFFIXES lib)
find_library(DSE_TORCH_C10_LIBRARY c10 HINTS ${torch_hints} PATH_SUFFIXES lib)
if(NOT DSE_TORCH_INCLUDE OR NOT DSE_TORCH_CPU_LIBRARY OR NOT DSE_TORCH_C10_LIBRARY)
  message(FATAL_ERROR "LibTorch was not found: run scripts/setup, or give -DTorch_DIR=PREFIX/share/cmake/Torch or "
                      "-DDSE_TORCH_PYTHON=a Python with torch installed, or leave it out with -DDSE_WITH_TORCH=OFF.")
endif()
# Where the macros stand differs between releases.
set(torch_version_lines "")
foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT torch_version_lines AND EXISTS "${DSE_TORCH_INCLUDE}/${header}")
    file(STRINGS "${DSE_TORCH_INCLUDE}/${header}" torch_version_lines
         REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  endif()
endforeach()
string(REGEX REPLACE "[^0-9]+" "." torch_version "${torch_version_lines}")
string(REGEX REPLACE "^\\.|\\.$" "" DSE_TORCH_VERSION "${torch_version}")
if(NOT DSE_TORCH_VERSION MATCHES "^2\\.")
  message(FATAL_ERROR "LibTorch ${DSE_TORCH_VERSION} in ${DSE_TORCH_INCLUDE}: dse needs 2.x.")
endif()
find_library(DSE_TORCH_CUDA_LIBRARY torch_cuda HINTS ${torch_hints} PATH_SUFFIXES lib)
find_library(DSE_TORCH_C10_CUDA_LIBRARY c10_cuda HINTS ${torch_hints} PATH_SUFFIXES lib)

set(DSE_TORCH_CUDA OFF)
if(DSE_WITH_CUDA AND DSE_TORCH_CUDA_LIBRARY AND DSE_TORCH_C10_CUDA_LIBRARY)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(DSE_TORCH_CUDA ON)
  endif()
endif()

add_library(dse_libtorch INTERFACE)
add_library(dse::libtorch ALIAS dse_libtorch)
target_include_directories(dse_libtorch SYSTEM INTERFACE
  ${DSE_TORCH_INCLUDE} ${DSE_TORCH_INCLUDE}/torch/csrc/api/include)
# The libraries the wheel's own libraries need are found through those at run time, not at link time.
target_link_options(dse_libtorch INTERFACE -Wl,--allow-shlib-undefined)
target_link_libraries(dse_libtorch INTERFACE ${DSE_TORCH_CPU_LIBRARY} ${DSE_TORCH_C10_LIBRARY})
cmake_path(GET DSE_TORCH_CPU_LIBRARY PARENT_PATH DSE_TORCH_RPATH)

if(DSE_TORCH_CUDA)
  include(cmake/cuda_of_torch.cmake)
  dse_torch_cuda_major(${DSE_TORCH_CUDA_LIBRARY} torch_cuda_major)
  dse_toolkit_version(${CMAKE_CUDA_COMPILER} toolkit_version)
  dse_check_toolkit("${torch_cuda_major}" "${toolkit_version}")
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    dse_known_architectures(${CMAKE_CUDA_COMPILER} known)
    dse_choose_architectures("${known}" CMAKE_CUDA_ARCHITECTURES)
  endif()
  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
  set(CMAKE_CUDA_STANDARD 17)  # what CMake 3.25 knows of nvcc 13
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  target_include_directories(dse_libtorch SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
  # The runtime and NCCL that libtorch_cuda itself loads: of the wheels beside torch where they are
  # (nvidia/cu13 of CUDA 13, nvidia/cuda_runtime of CUDA 12), else of the toolkit.
  cmake_path(GET DSE_TORCH_INCLUDE PARENT_PATH torch_package)
  cmake_path(SET torch_nvidia NORMALIZE "${torch_package}/../nvidia")
  file(GLOB of_wheels "${torch_nvidia}/*/lib/libcudart.so.${torch_cuda_major}")
  if(of_wheels)
    list(GET of_wheels 0 cudart_library)
  else()
    get_target_property(cudart_library CUDA::cudart IMPORTED_LOCATION)
  endif()
  find_path(DSE_NCCL_INCLUDE nccl.h HINTS ${torch_nvidia}/nccl/include REQUIRED)
  find_library(DSE_NCCL_RUNTIME NAMES libnccl.so.2 nccl NAMES_PER_DIR HINTS ${torch_nvidia}/nccl/lib REQUIRED)
  target_include_directories(dse_libtorch SYSTEM INTERFACE ${DSE_NCCL_INCLUDE})
  # libtorch_cuda registers its kernels when it is loaded; nothing in our code refers to it.
  target_link_libraries(dse_libtorch INTERFACE
    -Wl,--no-as-needed ${DSE_TORCH_CUDA_LIBRARY} -Wl,--as-needed ${DSE_TORCH_C10_CUDA_LIBRARY}
    ${cudart_library} ${DSE_NCCL_RUNTIME})
  cmake_path(GET cudart_library PARENT_PATH DSE_CUDART_FOLDER)
  cmake_path(GET DSE_NCCL_RUNTIME PARENT_PATH DSE_NCCL_FOLDER)
  list(APPEND DSE_TORCH_RPATH ${DSE_CUDART_FOLDER} ${DSE_NCCL_FOLDER})
  message(STATUS "CUDA ${toolkit_version} for architectures ${CMAKE_CUDA_ARCHITECTURES}; "
                 "${cudart_library}, ${DSE_NCCL_RUNTIME}")
endif()
message(STATUS "LibTorch: ${DSE_TORCH_CPU_LIBRARY}, GPU code: ${DSE_TORCH_CUDA}")
