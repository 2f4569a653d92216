#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ostream>

#include "base/strings.h"
#include "cli/table.h"

namespace lepton_operator::cli {

namespace {

constexpr const char* kHideCursor = "\x1b[?25l";
constexpr const char* kShowCursor = "\x1b[?25h";
constexpr const char* kWipeBelow = "\x1b[J";
constexpr const char* kPlain = "\x1b[0m";

const char* code_of(Colour colour) {
  switch (colour) {
    case Colour::kNone: return "";
    case Colour::kGreen: return "\x1b[32m";
    case Colour::kRed: return "\x1b[31m";
    case Colour::kYellow: return "\x1b[33m";
    case Colour::kBlue: return "\x1b[36m";
    case Colour::kFaint: return "\x1b[2m";
    case Colour::kBold: return "\x1b[1m";
  }
  __builtin_unreachable();
}

std::size_t number_of(const std::optional<std::string>& text, std::size_t otherwise) {
  std::size_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{}) return otherwise;
  return number > 0 ? number : otherwise;
}

// LC_ALL goes before LC_CTYPE, that before LANG.
bool speaks_utf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = base::lower(environment(name).value_or(""));
    if (!value.empty()) return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

std::string painted(const Terminal& terminal, Colour colour, const std::string& text) {
  if (!terminal.colours || colour == Colour::kNone || text.empty()) return text;
  return code_of(colour) + text + kPlain;
}

std::string fitted(const std::string& text, std::size_t columns) {
  if (width_of(text) <= columns) return text;
  std::string kept;
  std::size_t used = 0;
  bool coloured = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = end_of_unit(text, at);
    const std::string unit = text.substr(at, next - at);
    const std::size_t width = width_of(unit);
    coloured = coloured || unit.front() == '\x1b';
    if (used + width + 1 > columns) break;
    kept += unit;
    used += width;
    at = next;
  }
  if (columns > 0) kept += "…";
  return coloured ? kept + kPlain : kept;
}

Terminal real_terminal(const Environment& environment) {
  Terminal terminal;
  const std::string kind = environment("TERM").value_or("");
  terminal.interactive = ::isatty(STDOUT_FILENO) == 1 && kind != "dumb";
  terminal.colours = terminal.interactive && environment("NO_COLOR").value_or("").empty();
  terminal.utf8 = speaks_utf8(environment);
  struct ::winsize size {};
  const bool told = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  terminal.columns = told && size.ws_col > 0 ? size.ws_col : number_of(environment("COLUMNS"), 80);
  terminal.rows = told && size.ws_row > 0 ? size.ws_row : number_of(environment("LINES"), 24);
  return terminal;
}

// Back to where the first line began. A terminal breaks lines that became too long for it.
std::string Screen::rewind(const Terminal& terminal) const {
  std::size_t rows = 0;
  for (const std::size_t width : widths_) rows += std::max<std::size_t>(1, (width + terminal.columns - 1) / terminal.columns);
  if (rows == 0) return "";
  return "\r\x1b[" + std::to_string(rows) + "A";
}

void Screen::draw(const Terminal& terminal, const std::vector<std::string>& lines) {
  std::string text = (drawing_ ? "" : kHideCursor) + rewind(terminal) + kWipeBelow;
  widths_.clear();
  drawing_ = true;
  for (const std::string& line : lines) {
    const std::string shown = fitted(line, terminal.columns - 1);
    widths_.push_back(width_of(shown));
    text += shown + "\r\n";
  }
  out_ << text << std::flush;
}

void Screen::wipe(const Terminal& terminal) {
  if (!drawing_) return;
  out_ << rewind(terminal) << kWipeBelow << std::flush;
  widths_.clear();
}

void Screen::leave() {
  if (!drawing_) return;
  out_ << kShowCursor << std::flush;
  widths_.clear();
  drawing_ = false;
}

}  // namespace lepton_operator::cli
