#ifndef HAUL_SERVICE_IMPL_SERVE_OPTIONS_IPP
#define HAUL_SERVICE_IMPL_SERVE_OPTIONS_IPP

#include <haul/service/serve_options.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace haul::service {
namespace bbdown_detail {

struct text_option {
  std::string_view name;
  std::string serve_options::*member = nullptr;
};

inline constexpr text_option text_options[] = {
    {"AccessToken"},
    {"Area"},
    {"Aria2cArgs", &serve_options::aria2c_args},
    {"Aria2cPath"},
    {"Aria2cProxy", &serve_options::aria2c_proxy},
    {"CallBackWebHook", &serve_options::webhook},
    {"ConfigFile"},
    {"Cookie", &serve_options::cookie},
    {"DelayPerPage", &serve_options::delay_per_page},
    {"DfnPriority"},
    {"DownloadDanmakuFormats"},
    {"EncodingPriority"},
    {"EpHost"},
    {"FFmpegPath"},
    {"FilePattern", &serve_options::file_pattern},
    {"Host"},
    {"Language"},
    {"Mp4boxPath"},
    {"MultiFilePattern", &serve_options::multi_file_pattern},
    {"SelectPage", &serve_options::select_page},
    {"TvHost"},
    {"UposHost"},
    {"Url", &serve_options::url},
    {"UserAgent", &serve_options::user_agent},
    {"WorkDir", &serve_options::work_dir},
};

struct truth_option {
  std::string_view name;
  bool serve_options::*member = nullptr;
};

inline constexpr truth_option truth_options[] = {
    {"AddDfnSubfix"},
    {"AllowPcdn"},
    {"AudioAscending"},
    {"AudioOnly"},
    {"BandwithAscending"},
    {"CoverOnly"},
    {"DanmakuOnly"},
    {"Debug"},
    {"DownloadDanmaku"},
    {"ForceHttp"},
    {"ForceReplaceHost"},
    {"HideStreams"},
    {"Interactive"},
    {"MultiThread", &serve_options::multi_thread},
    {"NoPaddingPageNum"},
    {"OnlyAv1"},
    {"OnlyAvc"},
    {"OnlyHevc"},
    {"OnlyShowInfo", &serve_options::only_show_info},
    {"SaveArchivesToFile", &serve_options::save_archives},
    {"ShowAll"},
    {"SimplyMux"},
    {"SkipAi"},
    {"SkipCover"},
    {"SkipMux"},
    {"SkipSubtitle"},
    {"SubOnly"},
    {"UseAppApi"},
    {"UseAria2c", &serve_options::use_aria2c},
    {"UseIntlApi"},
    {"UseMP4box"},
    {"UseTvApi"},
    {"VideoAscending"},
    {"VideoOnly"},
};

template <class Options>
auto find_option(const Options& options, std::string_view name) {
  return std::find_if(std::begin(options), std::end(options),
                      [name](const auto& o) { return o.name == name; });
}

}  // namespace bbdown_detail

HAUL_DECL std::optional<serve_options> parse_serve_options(std::string_view body) {
  namespace json = boost::json;
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  json::parse_options how;
  how.max_depth = 64;
  json::error_code ec;
  const json::value v =
      json::parse(json::string_view{body.data(), body.size()}, ec, json::storage_ptr{}, how);
  if (ec || !v.is_object()) return std::nullopt;
  serve_options o;
  for (const auto& [key, value] : v.get_object()) {
    const std::string_view name{key.data(), key.size()};
    if (const auto text = bbdown_detail::find_option(bbdown_detail::text_options, name);
        text != std::end(bbdown_detail::text_options)) {
      if (!value.is_string() && !value.is_null()) return std::nullopt;
      if (text->member == nullptr) continue;
      o.*text->member = value.is_string()
                            ? std::string{value.get_string().c_str(), value.get_string().size()}
                            : std::string{};
    } else if (const auto truth = bbdown_detail::find_option(bbdown_detail::truth_options, name);
               truth != std::end(bbdown_detail::truth_options)) {
      if (!value.is_bool()) return std::nullopt;
      if (truth->member != nullptr) o.*truth->member = value.get_bool();
    }
  }
  return o;
}

HAUL_DECL std::string to_text(const serve_options& options) {
  boost::json::object o;
  for (const bbdown_detail::text_option& text : bbdown_detail::text_options) {
    if (text.member != nullptr) o[{text.name.data(), text.name.size()}] = options.*text.member;
  }
  for (const bbdown_detail::truth_option& truth : bbdown_detail::truth_options) {
    if (truth.member != nullptr) o[{truth.name.data(), truth.name.size()}] = options.*truth.member;
  }
  return boost::json::serialize(o);
}

}  // namespace haul::service

#endif
