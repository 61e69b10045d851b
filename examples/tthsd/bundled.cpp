// The bodies of haul and of the compiled Boost libraries that it uses: a drop-in file that needs no
// more of a machine than OpenSSL.

#include <haul/src.hpp>

#include <boost/json/src.hpp>
#include <boost/url/src.hpp>
