/**
 * Addresses of well-known names, as their owners publish them. They serve where a name cannot be resolved, or where the answer
 * is not the best one from here. A key of the same name under `builtin` replaces the addresses; an empty list removes them.
 * Each address is measured like any other candidate before it serves.
 *
 * Sources: the pages of the resolvers (one.one.one.one, dns.google, quad9.net). For github.com: the single addresses under
 * `web` of api.github.com/meta, each of which is GitHub's entry for one region.
 */
export const BUILTIN: Readonly<Record<string, ReadonlyArray<string>>> = {
  "one.one.one.one": ["1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"],
  "dns.google": ["8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"],
  "dns.quad9.net": ["9.9.9.9", "149.112.112.112", "2620:fe::fe", "2620:fe::9"],
  "github.com": [
    "20.201.28.151",
    "20.205.243.166",
    "20.87.245.0",
    "4.237.22.38",
    "4.228.31.150",
    "20.207.73.82",
    "20.27.177.113",
    "20.200.245.247",
    "20.175.192.147",
    "20.233.83.145",
    "20.29.134.23",
    "20.199.39.232",
    "20.217.135.5",
    "4.225.11.194",
    "4.208.26.197",
    "20.26.156.215"
  ]
}
