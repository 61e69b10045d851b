// The optional parts of the installed package: what they need is found, too.
#ifdef USES_json
#include <haul/json/to_json.hpp>
#endif
#ifdef USES_metalink
#include <haul/metalink/read_metalink.hpp>
#endif
#ifdef USES_pan123
#include <haul/pan123/client.hpp>
#endif
#ifdef USES_service
#include <haul/service/media.hpp>
#endif
#ifdef USES_sqlite
#include <haul/store/sqlite_store.hpp>
#endif

int main() {}
