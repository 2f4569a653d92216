#include "base/result.h"

namespace lepton_operator::base {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return "invalid";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kConflict: return "conflict";
    case ErrorKind::kUnauthorized: return "unauthorized";
    case ErrorKind::kForbidden: return "forbidden";
    case ErrorKind::kThrottled: return "throttled";
    case ErrorKind::kUnsupported: return "unsupported";
    case ErrorKind::kServer: return "server";
    case ErrorKind::kUnreachable: return "unreachable";
    case ErrorKind::kInterrupted: return "interrupted";
    case ErrorKind::kTimeout: return "timeout";
    case ErrorKind::kCancelled: return "cancelled";
    case ErrorKind::kMalformed: return "malformed";
  }
  __builtin_unreachable();
}

std::string Error::text() const { return where.empty() ? what : where + ": " + what; }

bool Error::uncertain() const {
  switch (kind) {
    case ErrorKind::kServer:
    case ErrorKind::kInterrupted:
    case ErrorKind::kTimeout:
    case ErrorKind::kMalformed: return true;
    case ErrorKind::kInvalid:
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kUnauthorized:
    case ErrorKind::kForbidden:
    case ErrorKind::kThrottled:
    case ErrorKind::kUnsupported:
    case ErrorKind::kUnreachable:
    case ErrorKind::kCancelled: return false;
  }
  __builtin_unreachable();
}

}  // namespace lepton_operator::base
