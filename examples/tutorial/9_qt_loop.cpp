// Events in Qt's loop: the downloads run on a thread of their own and post each event to an object
// of the main thread.
//
//   9_qt_loop URL PATH

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <QCoreApplication>
#include <QMetaObject>
#include <QObject>
#include <cstdio>
#include <exception>
#include <thread>
#include <variant>

//[sink
// Takes events on the download's thread; `Show` is called with them on the thread of `window`.
template <class Show>
struct qt_sink {
  QObject* window;
  Show show;

  void operator()(const haul::event& e) const {
    QMetaObject::invokeMethod(
        window, [e, s = show] { s(e); }, Qt::QueuedConnection);
  }
};
template <class Show>
qt_sink(QObject*, Show) -> qt_sink<Show>;
//]

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: 9_qt_loop URL PATH\n");
    return 2;
  }
  //[main
  QCoreApplication app{argc, argv};
  QObject window;  // in place of a real one
  const auto show = [](const haul::event& e) {
    if (const auto* p = std::get_if<haul::progress>(&e)) {
      std::printf("%llu bytes\n", static_cast<unsigned long long>(p->downloaded));
    } else if (const auto* end = std::get_if<haul::task_finished>(&e)) {
      std::printf("%s\n", end->result.message().c_str());
      QCoreApplication::exit(end->result ? 0 : 1);
    }
  };

  asio::io_context io;
  haul::session session{io.get_executor()};
  haul::download_task task{session, haul::download_request{argv[1], argv[2]},
                           qt_sink{&window, show}};
  asio::co_spawn(io, task.run(), [](std::exception_ptr bug, const haul::download_result&) {
    if (bug) std::rethrow_exception(bug);
  });
  std::thread downloads{[&] { io.run(); }};

  const int code = app.exec();
  task.stop();  // if the window was closed before the end
  downloads.join();
  return code;
  //]
}
