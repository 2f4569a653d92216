#include "reconcile/secret_list.h"

#include <utility>

namespace lepton_operator::reconcile {

namespace {

constexpr base::Milliseconds kBetween{200};

}  // namespace

boost::asio::awaitable<SecretList::Answer> SecretList::read(base::Context context) {
  const std::uint64_t enough = begun_ + 1;
  while (answered_ < enough) {
    if (context.expired()) co_return base::Error{base::ErrorKind::kCancelled, "the secrets were not listed"};
    if (reading_) {
      co_await ended_.wait(context);
    } else {
      co_await list(context);
    }
  }
  co_return *answer_;
}

boost::asio::awaitable<void> SecretList::list(base::Context context) {
  struct Reading {
    SecretList& list;
    explicit Reading(SecretList& of) : list(of) { list.reading_ = true; }
    ~Reading() {
      list.reading_ = false;
      list.ended_.notify();
    }
  };
  const Reading reading(*this);
  const base::Timestamp now = clock_.now();
  if (began_at_ && now - *began_at_ < kBetween) co_await clock_.sleep(context, *began_at_ + kBetween - now);
  if (context.expired()) co_return;
  began_at_ = clock_.now();
  const std::uint64_t number = ++begun_;
  auto listed = co_await client_.list_secrets(context);
  if (!listed && context.expired()) co_return;
  answered_ = number;
  if (listed) {
    answer_ = std::make_shared<const lepton::Decoded<lepton::Secret>>(std::move(listed).value());
  } else {
    answer_ = listed.error();
  }
}

}  // namespace lepton_operator::reconcile
