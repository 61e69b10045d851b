#include "tthsd/mailbox.hpp"

#include "catch.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace {

// An interpreter, as far as the library asks for one.
std::atomic<int> initialized{0};
std::atomic<int> finalizing{0};

std::atomic<int> calls{0};
std::atomic<bool> let_go{true};

void callback(const char*, const char*) {
  ++calls;
  while (!let_go) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

}  // namespace

extern "C" {
__attribute__((visibility("default"))) int Py_IsInitialized() { return initialized; }
__attribute__((visibility("default"))) int Py_IsFinalizing() { return finalizing; }
}

namespace haul::test {
namespace {

tthsd::wire_event note() {
  tthsd::wire_event e;
  e.event = e.msg = "{}";
  return e;
}

std::shared_ptr<tthsd::mailbox> open_mailbox(bool with_interpreter) {
  initialized = with_interpreter ? 1 : 0;
  finalizing = 0;
  calls = 0;
  let_go = true;
  auto box = std::make_shared<tthsd::mailbox>(&callback);
  box->open();
  return box;
}

void wait_for_calls(int n) {
  while (calls < n) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

}  // namespace

TEST_CASE("a mailbox calls for each event, with an interpreter or without", "[tthsd]") {
  const bool with_interpreter = GENERATE(false, true);
  const auto box = open_mailbox(with_interpreter);
  for (int i = 0; i < 3; ++i) box->push(note());
  box->finish();
  box->wait();
  CHECK(calls == 3);
}

TEST_CASE("nothing is called once the host's interpreter ends, or has gone", "[tthsd]") {
  const bool gone = GENERATE(false, true);
  const auto box = open_mailbox(true);
  let_go = false;
  box->push(note());
  box->push(note());
  wait_for_calls(1);
  if (gone) {
    initialized = 0;
  } else {
    finalizing = 1;
  }
  let_go = true;
  box->wait();  // its thread has gone
  box->push(note());
  CHECK(calls == 1);
}

TEST_CASE("an interpreter that comes later is no concern of a mailbox", "[tthsd]") {
  const auto box = open_mailbox(false);
  initialized = 1;
  finalizing = 1;
  box->push(note());
  box->finish();
  box->wait();
  CHECK(calls == 1);
}

TEST_CASE("a mailbox that is shut drops what waits", "[tthsd]") {
  const auto box = open_mailbox(false);
  let_go = false;
  for (int i = 0; i < 3; ++i) box->push(note());
  wait_for_calls(1);
  box->shut();
  let_go = true;
  box->wait();
  CHECK(calls == 1);
}

}  // namespace haul::test
