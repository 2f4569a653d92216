# LEPTON_OPERATOR_TOGETHER: most of what a compiler does for a source of ours is for the heavy headers that it includes, again in each. Eight
# sources of a folder at a time take half of it, which is what everyone who only builds wants. Who works on the sources turns it off: one
# that was touched is then compiled alone, and clangd knows its command. Both must build (`make nightly` looks): a source includes what it
# uses, and names in unnamed namespaces differ within a folder.

# lepton_operator_compile_together(NAME): what UNITY_BUILD does, but with relative paths, so that a compiler cache has what another clone
# compiled.
function(lepton_operator_compile_together name)
  get_target_property(sources ${name} SOURCES)
  list(FILTER sources EXCLUDE REGEX "^/")  # generated, or of another folder
  foreach(source ${sources})
    get_source_file_property(alone ${source} SKIP_UNITY_BUILD_INCLUSION)
    if(alone)
      list(REMOVE_ITEM sources ${source})
    endif()
  endforeach()
  list(LENGTH sources length)
  if(length LESS 2)
    return()
  endif()
  set_source_files_properties(${sources} PROPERTIES HEADER_FILE_ONLY ON)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(number 0)
  while(sources)
    list(SUBLIST sources 0 8 some)
    list(TRANSFORM some REPLACE "(.+)" "#include \"${folder}/\\1\"\n" OUTPUT_VARIABLE lines)
    string(JOIN "" text ${lines})
    set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}_${number}.cc)
    file(GENERATE OUTPUT ${file} CONTENT "${text}")
    target_sources(${name} PRIVATE ${file})
    list(REMOVE_ITEM sources ${some})
    math(EXPR number "${number} + 1")
  endwhile()
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_options(${name} PRIVATE -Wno-subobject-linkage)  # gcc takes the frames of an included source's coroutines for a header's
endfunction()
