// The bodies of the compiled Boost libraries that haul uses: a drop-in file that needs no more of a
// machine than OpenSSL.

#include <boost/json/src.hpp>
#include <boost/url/src.hpp>
