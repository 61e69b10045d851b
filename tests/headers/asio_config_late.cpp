// As a program may include it: after everything that could change Asio's mind.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#if __has_include(<unistd.h>)
#include <pthread.h>
#include <unistd.h>
#endif

#include <haul/config.hpp>

#include <asio/detail/config.hpp>
// After Asio.
#include "asio_answers.hpp"

std::vector<std::string> answers_when_late();
std::vector<std::string> answers_when_late() { return answers(); }
