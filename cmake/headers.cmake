# Every header of haul, relative to include/; tests/gate/lists.py compares this with the tree.
set(HAUL_HEADERS
  haul/config.hpp
  haul/error.hpp
  haul/impl/error.ipp
  haul/version.hpp
)
