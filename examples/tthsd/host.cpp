#include "tthsd/host.hpp"

#include <dlfcn.h>

namespace tthsd {

host host::find() noexcept {
  const auto look_up = [](const char* name) {
    return reinterpret_cast<question>(::dlsym(RTLD_DEFAULT, name));
  };
  host h;
  h.initialized_ = look_up("Py_IsInitialized");
  h.finalizing_ = look_up("Py_IsFinalizing");  // since 3.13
  if (!h.finalizing_) h.finalizing_ = look_up("_Py_IsFinalizing");
  if (!h.finalizing_ || !h.initialized_ || h.initialized_() == 0) return host{};
  return h;
}

bool host::ends() const noexcept {
  return finalizing_ && (finalizing_() != 0 || initialized_() == 0);
}

}  // namespace tthsd
