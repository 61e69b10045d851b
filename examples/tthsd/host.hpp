#ifndef TTHSD_HOST_HPP
#define TTHSD_HOST_HPP

namespace tthsd {

/// The interpreter that the callbacks belong to, if the host is one.
///
/// CPython frees the callbacks of ctypes when it ends, while the threads that call them go on: a
/// program that ends with downloads under way would be called at an address that is another's by
/// then. It says beforehand that it is ending, and is asked before each call.
class host {
 public:
  /// Looks for an interpreter that is running now.
  static host find() noexcept;

  /// Whether it is ending, or gone; never so where there was none.
  bool ends() const noexcept;

 private:
  using question = int (*)();
  question initialized_ = nullptr;
  question finalizing_ = nullptr;
};

}  // namespace tthsd

#endif
