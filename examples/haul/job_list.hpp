#ifndef HAUL_COMMAND_JOB_LIST_HPP
#define HAUL_COMMAND_JOB_LIST_HPP

#include "input_list.hpp"
#include "options.hpp"
#include <haul/download_request.hpp>
#include <haul/metalink/read_metalink.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace haul_command {

/// All downloads of a run, in the order given: the URLs of the command line, then the files of the
/// Metalink, then the lines of the input list. A request is made when its turn comes.
class job_list {
 public:
  /// Reads the Metalink and the input list, if there is one. What is wrong with it is in
  /// `problems()`.
  explicit job_list(const command_options& options);

  std::size_t size() const noexcept { return options_.urls.size() + files_.size() + lines_.size(); }

  /// The request of the job at `index`, from 0.
  haul::download_request request(std::size_t index) const;

  /// Lines for the user; when there is one, nothing should be downloaded.
  const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  void read_list();
  void read_files();
  void check_list(const std::string& name);

  const command_options& options_;
  // With a separator at its end a path is a folder, if it is there or not.
  const std::filesystem::path folder_;
  input_list lines_;
  std::vector<haul::metalink_file> files_;
  std::vector<std::string> problems_;
};

}  // namespace haul_command

#endif
