#ifndef HAUL_ENGINE_IMPL_DOWNLOAD_PIECES_IPP
#define HAUL_ENGINE_IMPL_DOWNLOAD_PIECES_IPP

#include <haul/async/offload.hpp>
#include <haul/engine/block_reader.hpp>
#include <haul/engine/download.hpp>
#include <haul/system/digest.hpp>

#include <algorithm>

namespace haul::engine {

/// Checks what an earlier run, or somebody else, has left against the hashes of the request: right
/// pieces need not be fetched, whatever the server says of its version.
template <system::environment Environment>
awaitable<void> download<Environment>::survey() {
  const auto s = std::make_shared<survey_state>();
  auto find = [self = this->shared_from_this(), s] { return self->find_existing_job(*s); };
  const failure_ptr unfit = co_await offload(core_->environment, strand_, std::move(find));
  if (unfit) throw failure{*unfit};
  if (s->what == survey_state::kind::nothing) co_return;
  while (s->at < s->end) {
    if (is_stopped()) throw failure{errc::stopped, operation::checking};
    auto look = [self = this->shared_from_this(), s] { return self->survey_job(*s); };
    const failure_ptr unreadable = co_await offload(core_->environment, strand_, std::move(look));
    if (unreadable) throw failure{*unreadable};
  }
  auto use = [self = this->shared_from_this(), s] { return self->take_over_job(*s); };
  const failure_ptr failed = co_await offload(core_->environment, strand_, std::move(use));
  if (failed) throw failure{*failed};
  if (s->complete) target_is_complete(s->total);
}

/// Looks for something to check: the part file, else the target.
template <system::environment Environment>
auto download<Environment>::find_existing_job(survey_state& s) -> failure_ptr {
  storage& st = *storage_;
  auto& environment = core_->environment;
  const piece_hashes* pieces = request_.pieces();
  if (st.target.empty()) return nullptr;
  std::error_code ec;
  const std::filesystem::path part = part_path(st.target);
  const system::path_status left = environment.status(part, ec);
  const std::uint64_t due = request_.size().value_or(left.size);
  if (!ec && pieces && options_.resume && left.exists && left.size == due && pieces->fits(due)) {
    st.part = environment.open(part, system::open_mode::update, ec);
    if (ec) return disk_failure(ec, operation::checking, part);
    if (auto held = lock_part(part)) return held;
    s.what = survey_state::kind::part;
    s.total = s.end = due;
    if (st.resumable) {
      s.claimed = st.earlier.written;
    } else {
      s.claimed.add(byte_range{0, due});
    }
    return nullptr;
  }
  const system::path_status there = environment.status(st.target, ec);
  if (ec || !there.exists || there.directory || !options_.repair) return nullptr;
  s.file = environment.open(st.target, system::open_mode::read, ec);
  if (ec) return disk_failure(ec, operation::checking, st.target);
  s.what = survey_state::kind::target;
  s.total = request_.size().value_or(there.size);
  s.size = there.size;
  if (pieces && !pieces->fits(s.total)) s.what = survey_state::kind::nothing;
  s.end = (std::min)(s.total, there.size);
  s.claimed.add(byte_range{0, s.end});
  for (const checksum& c : request_.checksums()) s.digests.emplace_back(c.algorithm());
  return nullptr;
}

/// Hashes on, piece by piece where there are pieces. Runs on a disk worker.
template <system::environment Environment>
auto download<Environment>::survey_job(survey_state& s) -> failure_ptr {
  const piece_hashes* pieces = request_.pieces();
  const bool whole = s.what == survey_state::kind::target;
  file& from = whole ? s.file : storage_->part;
  block_reader reader;
  const std::uint64_t until = (std::min)(s.end, s.at + hash_bytes);
  while (s.at < until) {
    std::uint64_t end = until;
    if (pieces) end = (std::min)(s.total, s.at + pieces->piece_size());
    const byte_range piece{s.at, end};
    const bool there = s.claimed.contains(piece);
    system::digest digest{pieces ? pieces->algorithm() : hash_algorithm::md5};
    if (there || whole) {
      std::error_code ec;
      reader.read(from, byte_range{s.at, (std::min)(end, s.end)}, ec,
                  [&](const char* data, std::size_t n) {
                    if (pieces) digest.update(data, n);
                    for (auto& d : s.digests) d.update(data, n);
                  });
      if (ec) return disk_failure(ec, operation::checking, storage_->target);
    }
    s.at = end;
    if (!pieces || !there) continue;
    const auto i = static_cast<std::size_t>(piece.begin / pieces->piece_size());
    if (digest.finish() == (*pieces)[i]) s.right.add(piece);
  }
  return nullptr;
}

/// Decides what becomes of the file that was checked.
template <system::environment Environment>
auto download<Environment>::take_over_job(survey_state& s) -> failure_ptr {
  storage& st = *storage_;
  auto& environment = core_->environment;
  std::error_code ec;
  if (s.what == survey_state::kind::target) {
    bool as_given = s.size == s.total;
    for (std::size_t i = 0; i < s.digests.size(); ++i) {
      as_given = as_given && s.digests[i].finish() == request_.checksums()[i];
    }
    const bool right = !request_.pieces() || s.right.size() == s.total;
    s.complete = right && as_given;
    if (s.complete) {
      // A crash between the rename and the end of an earlier run may have left its journal.
      const bool left = st.has_journal;
      retire_journal();
      if (left && options_.durability == durability::power) {
        environment.sync_directory(st.target.parent_path(), ec);
      }
      return ec ? disk_failure(ec, operation::checking, st.target) : nullptr;
    }
    s.file.close();
    if (s.right.empty()) return nullptr;  // nothing of it is of use
    if (right && s.size == s.total) {
      return std::make_shared<failure>(
          errc::checksum_mismatch, operation::verifying,
          "all pieces of " + st.target.string() + " are right, but not the whole file");
    }
    const std::filesystem::path part = part_path(st.target);
    if (environment.status(part, ec).exists) {
      // Of no use to this download, but perhaps to another process.
      st.part = environment.open(part, system::open_mode::update, ec);
      if (ec) return disk_failure(ec, operation::checking, part);
      if (auto held = lock_part(part)) return held;
    }
    if (!ec) environment.rename(st.target, part, ec);
    // What is about to change must not stand under the final name again, not even with the power.
    if (!ec && options_.durability == durability::power) {
      environment.sync_directory(st.target.parent_path(), ec);
    }
    if (!ec) st.part = environment.open(part, system::open_mode::update, ec);
    if (ec) return disk_failure(ec, operation::writing, part);
    if (auto held = lock_part(part)) return held;
    st.part.resize(s.total, ec);
    if (ec) return disk_failure(ec, operation::writing, part);
  }
  st.resumable = !s.right.empty();
  st.log_size = 0;  // the journal is written anew
  st.earlier = journal_state{};
  st.earlier.header.total = s.total;
  st.earlier.written = std::move(s.right);
  return nullptr;
}

/// The target was there already, and nothing was wrong with it.
template <system::environment Environment>
void download<Environment>::target_is_complete(std::uint64_t total) {
  const std::lock_guard lock{mutex_};
  range_set all;
  all.add(byte_range{0, total});
  version_.total = total;
  plan_.begin(total, all);
  resumed_ = total;
  published_ = true;
  tell(transfer_started{task_, storage_->target, version_.total, resumed_, false});
}

/// Lets a disk worker hash pieces that have become whole.
template <system::environment Environment>
void download<Environment>::submit_piece_check() {
  piece_check::work w;
  {
    const std::lock_guard lock{mutex_};
    w = pieces_.take(hash_bytes);
    checking_pieces_ = true;
    ++jobs_;
  }
  core_->environment.submit(
      [self = this->shared_from_this(), w = std::move(w)] { self->piece_job(w); });
}

template <system::environment Environment>
void download<Environment>::piece_job(const piece_check::work& w) {
  std::vector<bool> right;
  std::error_code ec;
  block_reader reader;
  for (const std::size_t i : w.pieces) {
    system::digest digest{pieces_.hashes().algorithm()};
    reader.read(storage_->part, pieces_.range(i), ec,
                [&](const char* data, std::size_t n) { digest.update(data, n); });
    if (ec) break;
    right.push_back(digest.finish() == pieces_.hashes()[i]);
  }
  const std::lock_guard lock{mutex_};
  checking_pieces_ = false;
  --jobs_;
  if (ec && !fatal_) {
    fatal_.emplace(ec, operation::verifying, part_path(storage_->target).string());
  }
  for (std::size_t n = 0; n < right.size(); ++n) {
    if (right[n]) {
      pieces_.right(w.pieces[n]);
    } else {
      note_wrong_piece(w.pieces[n]);
    }
  }
  wake();
}

/// A piece is not what it should be: it is fetched again, and not from whom it came if somebody
/// else has it.
template <system::environment Environment>
void download<Environment>::note_wrong_piece(std::size_t i) {
  const byte_range r = pieces_.range(i);
  std::string detail = "piece " + std::to_string(i) + ", bytes " + std::to_string(r.begin) +
                       " to " + std::to_string(r.end - 1);
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    if (!pieces_.only_giver(i, s)) continue;
    ++sources_[s].wrong_pieces;
    if (sources_.size() > 1) detail += ", from " + sources_[s].given.str();
  }
  const unsigned times = pieces_.wrong(i);
  plan_.lost(r);
  if (times > most_wrong + sources_.size()) {
    // Perhaps there is more of the last piece than the server once said: what is there must not
    // bind the next run to that length.
    doubtful_total_ = i + 1 == pieces_.hashes().size() && !request_.size();
    if (!fatal_) fatal_.emplace(errc::checksum_mismatch, operation::verifying, std::move(detail));
    return;
  }
  tell(retrying{task_, errc::checksum_mismatch, std::move(detail), times, {}});
}

/// The file as a whole has another hash: true when it can be had from others who gave nothing of
/// it.
template <system::environment Environment>
bool download<Environment>::fall_back(const failure& why) {
  const std::lock_guard lock{mutex_};
  if (pieces_.wanted() || stop_ || ++restarts_ > most_restarts) return false;
  if (!sources_.drop_givers(why)) return false;
  restart_ = why.error;
  tell(retrying{task_, why.error, why.detail, restarts_, {}});
  return true;
}

/// What may be claimed to be there: with piece hashes, what was found right.
template <system::environment Environment>
std::uint64_t download<Environment>::proved() const {
  return pieces_.wanted() ? pieces_.right_size() : plan_.written().size();
}

}  // namespace haul::engine

#endif
