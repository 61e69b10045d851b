#ifndef HAUL_SERVICE_SERVE_OPTIONS_HPP
#define HAUL_SERVICE_SERVE_OPTIONS_HPP

#include <haul/config.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace haul::service {

/// What the body of an add-task asks for, as far as it means anything to a general downloader.
struct serve_options {
  std::string url;
  std::string file_pattern;
  std::string multi_file_pattern;
  std::string work_dir;
  std::string user_agent;
  std::string cookie;
  std::string aria2c_args;
  std::string aria2c_proxy;
  std::string select_page;
  std::string delay_per_page = "0";  ///< seconds
  std::string webhook;
  bool multi_thread = true;
  bool use_aria2c = false;
  bool save_archives = false;
  bool only_show_info = false;
};

/// Reads the body of an add-task; nothing when the original would refuse it: what is not a JSON
/// object, and one in which a name that the original knows has a value of another type, whether it
/// means anything here or not. Names are in their case; the last of several equal ones counts;
/// unknown ones are passed over. A text may be null, a truth value may not.
HAUL_DECL std::optional<serve_options> parse_serve_options(std::string_view body);

/// The same, in a body that `parse_serve_options` reads, without what means nothing here.
HAUL_DECL std::string to_text(const serve_options& options);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/serve_options.ipp>
#endif

#endif
