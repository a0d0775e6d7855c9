/** A file that the bundler embeds; the import gives its path, which `Bun.file` reads in the binary too. */
declare module "*.wasm" {
  const path: string;
  export default path;
}
