// What the pages of the optional parts show. Built, not run: tests/pan123 and tests/service run
// these parts, and examples/hauld is a program of them.

#include <haul/haul.hpp>
#include <haul/pan123/client.hpp>
#include <haul/service/bbdown.hpp>
#include <haul/service/catalog.hpp>
#include <haul/service/downloads.hpp>
#include <haul/service/media.hpp>
#include <haul/service/records.hpp>
#include <haul/store/sqlite_store.hpp>

#include <string>
#include <utility>

//[offline_pull
haul::awaitable<void> fetch(haul::session& session, std::string id, std::string secret) {
  haul::pan123::client_options options;
  options.token_file = "token.json";
  haul::pan123::credentials who =
      haul::pan123::credentials::client(std::move(id), std::move(secret));
  haul::pan123::client client{session, std::move(who), std::move(options)};
  haul::pan123::offline_pull_request wanted{"https://example.com/game.pak", "game.pak"};
  wanted.state_file("game.pak.state").clean_up();
  const haul::pan123::offline_pull_result r = co_await client.offline_pull(std::move(wanted));
}
//]

haul::service::response mount_bbdown(haul::session& session, haul::batch_manager<>& manager,
                                     haul::service::records& records,
                                     const haul::service::request& request) {
  //[bbdown
  haul::service::downloads_of in{manager};
  haul::service::bbdown_options options;
  options.root = "/srv/downloads";
  haul::service::bbdown dialect{session.get_executor(), in, records, std::move(options)};
  dialect.recover();  // after manager.recover()
  haul::service::response r = dialect.answer(request);
  //]
  return r;
}

haul::awaitable<void> mount_media(haul::session& session, haul::service::request request) {
  const haul::null_sink sink;
  //[media
  haul::batch_manager manager{session, sink, haul::sqlite_store{"haul.db"}};
  haul::service::downloads_of downloads{manager};
  haul::service::memory_records records;  // or one that lasts: see examples/hauld
  haul::service::recorded_catalog catalog{records};

  co_await manager.recover();  // before the first request
  haul::service::media_options options;
  options.root = "/srv/media";
  haul::service::media media{downloads, records, catalog, options};

  haul::service::response answer = co_await media(std::move(request));
  //]
}

haul::awaitable<void> restart(haul::session& session) {
  const haul::null_sink sink;
  //[recover
  haul::batch_manager manager{session, sink, haul::sqlite_store{"downloads.db"}};
  const std::error_code ec = co_await manager.recover();  // unfinished batches go on
  if (ec) throw std::system_error{ec, "downloads.db"};
  for (const std::string& batch : manager.batches()) co_await manager.wait(batch);
  //]
}
