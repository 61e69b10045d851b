#ifndef TTHSD_FOREIGN_MEMORY_HPP
#define TTHSD_FOREIGN_MEMORY_HPP

#include <cstddef>
#include <optional>
#include <string>

namespace tthsd {

/// Copies a text that ends in a null character out of memory of which nothing is known: the kernel
/// reads it, and answers EFAULT where a program would be killed. Nothing when the address is null,
/// when it cannot be read up to the end of the text, or when that is longer than `most` bytes.
std::optional<std::string> read_text(const char* from, std::size_t most);

/// The same for a `bool`. A byte that is neither 0 nor 1 is not one.
std::optional<bool> read_flag(const bool* from);

}  // namespace tthsd

#endif
