# What every target of ours has in common: warnings as errors, one include root, one precompiled header.

add_library(lepton_operator_flags INTERFACE)
target_compile_features(lepton_operator_flags INTERFACE cxx_std_20)
target_compile_options(lepton_operator_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -fdiagnostics-color=auto
  -Wno-mismatched-new-delete)  # gcc 12 takes an inlined coroutine frame of Asio for one
# cpprestsdk's U macro breaks fmt; Boost 1.74's coroutine header forgets <utility>, which the precompiled header includes first.
target_compile_definitions(lepton_operator_flags INTERFACE _TURN_OFF_PLATFORM_STRING BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(lepton_operator_flags INTERFACE Threads::Threads)

# lepton_operator_precompiled(NAME [HEADERS...]): the expensive headers and these, compiled once for every target that names it.
function(lepton_operator_precompiled name)
  add_library(${name} STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cc)
  target_link_libraries(${name} PUBLIC lepton_operator_flags cpprestsdk::cpprest Boost::boost)
  target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h ${ARGN})
endfunction()
lepton_operator_precompiled(lepton_operator_pch)

include(${CMAKE_CURRENT_LIST_DIR}/Instrument.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/Together.cmake)

# lepton_operator_target(NAME [PRECOMPILED]): the settings above for an existing library or executable, with another precompiled header if
# one is named.
function(lepton_operator_target name)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/controller)
  target_link_libraries(${name} PUBLIC lepton_operator_flags)
  target_link_libraries(${name} PRIVATE cpprestsdk::cpprest Boost::boost)
  if(LEPTON_OPERATOR_TOGETHER AND NOT LEPTON_OPERATOR_FUZZ)  # tests/fuzz takes single sources of the libraries
    lepton_operator_compile_together(${name})
  endif()
  lepton_operator_instrument(${name} pch)
  if(ARGC GREATER 1)
    set(pch ${ARGV1})
  endif()
  target_precompile_headers(${name} REUSE_FROM ${pch})
endfunction()
