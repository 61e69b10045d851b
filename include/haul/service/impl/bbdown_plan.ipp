#ifndef HAUL_SERVICE_IMPL_BBDOWN_PLAN_IPP
#define HAUL_SERVICE_IMPL_BBDOWN_PLAN_IPP

#include <haul/checksum.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/grammar.hpp>
#include <haul/http/url.hpp>
#include <haul/service/aria2_args.hpp>
#include <haul/service/bbdown_plan.hpp>
#include <haul/service/file_pattern.hpp>
#include <haul/service/page_selection.hpp>
#include <haul/service/path_confinement.hpp>
#include <haul/system/digest.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

namespace haul::service {
namespace bbdown_detail {

inline std::string without_credentials(const std::string& url) {
  return http::parse_url(url).value.str();
}

inline void plan_field(bbdown_plan& plan, std::string_view name, std::string_view value,
                       std::string_view option) {
  if (value.empty()) return;
  if (!http::is_token(name) || !http::is_field_value(value)) {
    plan.error = std::string{option} + ": a control character, or no field name";
    return;
  }
  plan.headers.push_back({std::string{name}, std::string{value}});
}

inline void plan_headers(bbdown_plan& plan, const std::vector<std::string>& lines) {
  for (const std::string_view line : lines) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      plan.error = "Aria2cArgs: --header wants 'Name: value'";
      return;
    }
    plan_field(plan, line.substr(0, colon), http::trim_ows(line.substr(colon + 1)), "Aria2cArgs");
  }
}

inline void plan_aria2(bbdown_plan& plan, const serve_options& asked,
                       const bbdown_options& options) {
  // What the original hands to aria2c when it is told nothing.
  const aria2_args args = parse_aria2_args(
      asked.aria2c_args.empty() ? std::string_view{"-x16 -s16 -j16 -k 5M"} : asked.aria2c_args);
  if (!args.error.empty()) {
    plan.error = "Aria2cArgs: " + args.error;
    return;
  }
  const std::string& proxy =
      asked.aria2c_proxy.empty() ? args.proxy.value_or(std::string{}) : asked.aria2c_proxy;
  if (!proxy.empty() && proxy != options.proxy) {
    plan.error = "Aria2cProxy: the server does not use this proxy, and a task cannot choose one";
    return;
  }
  download_options& d = plan.batch.download;
  if (args.per_server || args.split) {
    constexpr unsigned any = (std::numeric_limits<unsigned>::max)();
    d.connections = (std::min)({args.per_server.value_or(any), args.split.value_or(any), 64u});
  }
  if (args.at_once) plan.batch.max_concurrent = *args.at_once;
  if (args.min_split) {
    d.piece_size = std::clamp<std::uint64_t>(*args.min_split, 64 << 10, 1 << 30);
  }
  if (args.limit) d.rate_limit = *args.limit;
  if (args.lowest_speed) d.min_speed = *args.lowest_speed;
  if (args.tries) d.retries = *args.tries == 0 ? 1'000'000 : *args.tries - 1;
  if (args.wait) {
    d.retry_delay = *args.wait;
    d.max_retry_delay = (std::max)(d.max_retry_delay, d.retry_delay);
  }
  if (args.timeout) d.timeouts.stall = *args.timeout;
  if (args.connect) d.timeouts.connect = *args.connect;
  if (args.user_agent && asked.user_agent.empty()) {
    plan_field(plan, "User-Agent", *args.user_agent, "Aria2cArgs");
  }
  if (args.referer) plan_field(plan, "Referer", *args.referer, "Aria2cArgs");
  plan_headers(plan, args.headers);
}

/// The folder of a task below the root, with slashes; nothing for one elsewhere.
inline std::optional<std::string> plan_folder(const std::string& work_dir,
                                              const std::filesystem::path& root) {
  if (!work_dir.starts_with('/')) return work_dir;
  // Clients that know where the root is may say it.
  std::error_code ec;
  const std::filesystem::path whole{std::u8string{work_dir.begin(), work_dir.end()}};
  for (const std::filesystem::path& top : {std::filesystem::canonical(root, ec), root}) {
    const auto [r, w] = std::mismatch(top.begin(), top.end(), whole.begin(), whole.end());
    if (top.empty() || r != top.end()) continue;
    std::filesystem::path rest;
    for (auto part = w; part != whole.end(); ++part) rest /= *part;
    const std::u8string text = rest.generic_u8string();
    return std::string{text.begin(), text.end()};
  }
  return std::nullopt;
}

inline std::optional<std::chrono::seconds> plan_delay(std::string_view text) {
  text = http::trim_ows(text);
  if (text.empty()) return std::chrono::seconds{0};
  unsigned n = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), n);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || n > 86'400) {
    return std::nullopt;
  }
  return std::chrono::seconds{n};
}

/// Whether the server may name the file.
inline bool is_plain_pattern(std::string_view pattern) {
  return pattern.empty() || pattern == "<videoTitle>";
}

inline void plan_targets(bbdown_plan& plan, const serve_options& asked,
                         const std::vector<std::string>& urls, const bbdown_options& options) {
  const std::optional<std::string> folder = plan_folder(asked.work_dir, options.root);
  std::optional<std::filesystem::path> base;
  if (folder) base = confine(options.root, *folder);
  if (!base) {
    plan.error = "WorkDir: it must lie below the server's folder";
    return;
  }
  const auto pages = select_pages(asked.select_page, urls.size());
  if (!pages || pages->empty()) {
    plan.error = pages ? "SelectPage: there is no such page"
                       : "SelectPage: wants numbers and ranges, such as 1,3-5,LAST";
    return;
  }
  std::error_code ec;
  const std::filesystem::path top = std::filesystem::canonical(options.root, ec);
  const bool many = urls.size() > 1;
  std::string_view pattern = many ? asked.multi_file_pattern : asked.file_pattern;
  if (many && pattern.empty()) pattern = "<videoTitle>/[P<pageNumberWithZero>]<pageTitle>";
  for (const std::size_t page : *pages) {
    bbdown_plan::item item;
    item.url = urls[page - 1];
    item.key = aid_of({item.url});
    if (!many && is_plain_pattern(pattern)) {
      item.target = *base / "";
    } else {
      const std::string name = http::file_name_of_url(http::parse_url(item.url).value);
      const split_name parts = split_file_name(name);
      pattern_values values;
      values.title = plan.title;
      values.page_title = parts.stem.empty() ? std::string{"download"} : std::string{parts.stem};
      values.aid = many ? aid_of(urls) : item.key;
      values.page = page;
      values.pages = urls.size();
      const auto below = expand_file_pattern(pattern, values, parts.extension);
      const std::string under = path_below(top, *base);
      const auto target = below
                              ? confine(options.root, under.empty() ? *below : under + '/' + *below)
                              : std::nullopt;
      if (!target) {
        plan.error = std::string{many ? "MultiFilePattern" : "FilePattern"} +
                     ": it must lead below the server's folder";
        return;
      }
      item.target = *target;
    }
    plan.items.push_back(std::move(item));
  }
}

}  // namespace bbdown_detail

HAUL_DECL std::vector<std::string> split_urls(std::string_view text) {
  constexpr std::string_view space = " \t\r\n\v\f";
  std::vector<std::string> urls;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return urls;
    text.remove_prefix(begin);
    const std::size_t end = (std::min)(text.find_first_of(space), text.size());
    std::string url{text.substr(0, end)};
    text.remove_prefix(end);
    if (http::parse_url(url).error) return {};
    urls.push_back(std::move(url));
  }
}

HAUL_DECL std::string aid_of(const std::vector<std::string>& urls) {
  system::digest d{hash_algorithm::sha256};
  for (const std::string& url : urls) {
    const std::string line = bbdown_detail::without_credentials(url) + '\n';
    d.update(line.data(), line.size());
  }
  return d.finish().hex().substr(0, 12);
}

HAUL_DECL bbdown_plan plan_bbdown_task(const serve_options& asked,
                                       const std::vector<std::string>& urls,
                                       const bbdown_options& options) {
  bbdown_plan plan;
  plan.batch = options.batch;
  plan.batch.force = false;
  plan.batch.download.overwrite = false;
  plan.batch.download.repair = false;
  const std::string name = http::file_name_of_url(http::parse_url(urls.front()).value);
  plan.title = split_file_name(name).stem;
  if (plan.title.empty()) plan.title = "download";
  bbdown_detail::plan_field(plan, "User-Agent", asked.user_agent, "UserAgent");
  bbdown_detail::plan_field(plan, "Cookie", asked.cookie, "Cookie");
  if (asked.use_aria2c && plan.error.empty()) bbdown_detail::plan_aria2(plan, asked, options);
  if (!asked.multi_thread) plan.batch.download.connections = 1;
  if (const auto delay = bbdown_detail::plan_delay(asked.delay_per_page)) {
    plan.delay = *delay;
  } else if (plan.error.empty()) {
    plan.error = "DelayPerPage: wants seconds, from 0 to 86400";
  }
  if (plan.error.empty()) bbdown_detail::plan_targets(plan, asked, urls, options);
  if (!plan.error.empty()) plan.items.clear();
  plan.look_only = asked.only_show_info;
  plan.archive = asked.save_archives;
  return plan;
}

}  // namespace haul::service

#endif
