/** A page with twenty assets. When all of them have come, it says so. */
export const ASSETS = 20

const scripts = Array.from({ length: ASSETS }, (_, i) => `<script src="/assets/${i}.js"></script>`).join("\n")

const PAGE = `<!doctype html>
<title>twenty assets</title>
<script>let arrived = 0</script>
${scripts}
<p id="sum">none</p>
<script>document.getElementById("sum").textContent = "assets that came: " + arrived</script>
`

/** The page or one of its assets; undefined: the path is none of them. */
export function page(path: string): { readonly body: string; readonly type: string } | undefined {
  if (path === "/page") return { body: PAGE, type: "text/html" }
  return /^\/assets\/\d+\.js$/.test(path) ? { body: "arrived++\n", type: "text/javascript" } : undefined
}
