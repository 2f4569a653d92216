# Builds that look for faults of memory, arithmetic and threads: LEPTON_OPERATOR_SANITIZE (gcc) and LEPTON_OPERATOR_FUZZ
# (clang).
#
# With address,undefined all of the operator, the plugin and the simulator is instrumented; the tests' own sources are compiled as always
# (so a compiler cache has them already) and only linked with the runtime. Of a template that both use the linker takes the tests', so in unit
# tests its accesses go unseen; the programs that the simulator's tests run are instrumented whole. A thread sanitizer must see every access:
# there, all is.

set(lepton_operator_sanitizers "")
if(LEPTON_OPERATOR_SANITIZE)
  # What gcc 12's flow analysis says of instrumented code is for the plain build to say.
  set(lepton_operator_sanitizers -fsanitize=${LEPTON_OPERATOR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-tsan)
  add_link_options(-fsanitize=${LEPTON_OPERATOR_SANITIZE})
  # As shared libraries the two runtimes have settings of their own, and the second one's reports go to no file (scripts/sanitized).
  if(LEPTON_OPERATOR_SANITIZE MATCHES "address.*undefined|undefined.*address")
    add_link_options(-static-libasan -static-libubsan)
  endif()
elseif(LEPTON_OPERATOR_FUZZ)
  # Of the undefined behaviour what costs little to look for; the rest is looked for by LEPTON_OPERATOR_SANITIZE.
  set(lepton_operator_sanitizers -fsanitize=fuzzer-no-link,address,bool,bounds,enum,float-cast-overflow,shift,signed-integer-overflow
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# Boost 1.74 takes clang's coroutines for those of the technical specification. clang writes into a precompiled header where it was made, so a
# compiler cache would know nothing that another clone compiled: scripts/fuzz does without one, and without what it includes first.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(lepton_operator_flags INTERFACE "SHELL:-include utility")
  target_compile_definitions(lepton_operator_flags INTERFACE BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)
  target_compile_options(lepton_operator_flags INTERFACE -Wno-unknown-warning-option)
endif()

set(lepton_operator_instrumented ON)  # for the folder at hand; tests/CMakeLists.txt turns it off
if(lepton_operator_sanitizers)
  lepton_operator_precompiled(lepton_operator_instrumented_pch)
  target_compile_options(lepton_operator_instrumented_pch PRIVATE ${lepton_operator_sanitizers})
endif()

# lepton_operator_instrument(NAME PCH): instruments the target if it is to be, and sets PCH to the precompiled header that goes with it.
function(lepton_operator_instrument name pch)
  set(${pch} lepton_operator_pch PARENT_SCOPE)
  if(lepton_operator_sanitizers AND lepton_operator_instrumented)
    target_compile_options(${name} PRIVATE ${lepton_operator_sanitizers})
    set(${pch} lepton_operator_instrumented_pch PARENT_SCOPE)
  endif()
endfunction()
