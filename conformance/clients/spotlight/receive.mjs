// Receives Sentry envelopes with Spotlight, on a free port of loopback, and prints the port.
// Spotlight's own command reports to its makers; the server alone does not.
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, { port, host: "127.0.0.1" }, ...rest.filter((r) => typeof r === "function"));
};

const main = path.join(process.env.CONFORMANCE_MODULES, "node_modules/@spotlightjs/spotlight/dist/server/main.js");
const { startServer, setShutdownHandlers } = await import(pathToFileURL(main));
const server = await startServer({ port: 0 });
setShutdownHandlers(server);
console.log(`port ${server.address().port}`);
