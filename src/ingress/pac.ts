/**
 * The text of proxy.pac: a function that a browser calls for each URL. What the listener allows goes through the proxy, all else
 * directly. Loopback is the browser's own machine, and never goes through.
 *
 * The engines that run it are of any age, so it is written in the JavaScript of 1999.
 */
import type { Address } from "../core/model/Config.ts"
import { endpointText } from "../core/endpointText.ts"
import type { Pattern } from "./allowed.ts"

/** `proxy` is the address under which browsers reach the proxy port. Patterns are canonical, as `parsePattern` makes them. */
export function pacText(proxy: Address, allow: ReadonlyArray<Pattern>): string {
  const rules = allow.map(({ host, port }) => `    [${quoted(host)}, ${port ?? 0}]`)
  return `// Made by Fairlead from the listener's \`allow\`.
function FindProxyForURL(url, host) {
  var proxy = ${quoted(`PROXY ${endpointText(proxy)}`)};
  var rules = [
${rules.join(",\n")}
  ];
  var defaults = { "http": 80, "ws": 80, "https": 443, "wss": 443, "ftp": 21 };
  var parts = /^([a-z][a-z0-9+.-]*):\\/\\/(?:[^\\/?#@]*@)?(?:\\[[^\\]]*\\]|[^\\/?#:]*)(?::([0-9]*))?/i.exec(url);
  if (!parts) return "DIRECT";
  var port = Number(parts[2]) || defaults[parts[1].toLowerCase()];
  host = host.toLowerCase().replace(/^\\[|\\]$/g, "").replace(/\\.$/, "");
  if (/^(localhost|.*\\.localhost|127\\.[0-9.]+|::1)$/.test(host)) return "DIRECT";
  var isAddress = host.indexOf(":") >= 0 || /^[0-9.]+$/.test(host);
  for (var i = 0; i < rules.length; i++) {
    var name = rules[i][0], suffix = name.substring(1);
    var below = name.substring(0, 2) == "*." && !isAddress && host.length > suffix.length
      && host.substring(host.length - suffix.length) == suffix;
    if ((name == "*" || name == host || below) && (rules[i][1] == 0 || rules[i][1] == port)) return proxy;
  }
  return "DIRECT";
}
`
}

/** A string literal of JavaScript; what could end a script or a line is escaped. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^ -~]|[<>]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)
}
