# cmake -DINPUT=FILE -DOUTPUT=FILE.cc -DHEADER=folder/name.h -DNAMESPACE=a::b -DNAME=kName -P EmbedText.cmake
# Writes a source that defines `const std::string_view NAME` (declared in HEADER) with the text of INPUT.
file(READ "${INPUT}" text)
if(text MATCHES "\\)embedded\"")
  message(FATAL_ERROR "${INPUT} holds the end of the raw string that was to hold it")
endif()
get_filename_component(source "${INPUT}" NAME)
file(WRITE "${OUTPUT}" "// Made from ${source}; do not edit.
#include \"${HEADER}\"

namespace ${NAMESPACE} {

const std::string_view ${NAME} = R\"embedded(${text})embedded\";

}  // namespace ${NAMESPACE}
")
