import { deflateSync, inflateSync } from 'node:zlib';

/** packed returns a PNG of 8-bit RGB as one of at most 256 colours: the most frequent ones, and for the rest what is nearest. */
export function packed(png: Buffer): Buffer {
  const header = png.subarray(16, 29);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (header[8] !== 8 || header[9] !== 2) throw new Error('only 8-bit RGB is known');
  const colours = plain(inflateSync(data(png)), width, height);
  const palette = frequent(colours);
  const nearest = new Map(palette.map((c, i) => [c, i]));
  const rows = Buffer.alloc(height * (width + 1));
  colours.forEach((c, i) => {
    let at = nearest.get(c);
    if (at === undefined) nearest.set(c, (at = closest(palette, c)));
    rows[Math.floor(i / width) * (width + 1) + 1 + (i % width)] = at;
  });
  const head = Buffer.from(header);
  head[9] = 3; // colours come from a palette
  const table = Buffer.from(palette.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]));
  return Buffer.concat([png.subarray(0, 8), chunk('IHDR', head), chunk('PLTE', table), chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

function data(png: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + size));
    at += 12 + size;
  }
  return Buffer.concat(parts);
}

/** plain takes the filters off every row, and returns the colours one after the other. */
function plain(raw: Buffer, width: number, height: number): Uint32Array {
  const out = new Uint32Array(width * height);
  const line = 3 * width;
  let above: Uint8Array = new Uint8Array(line);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (line + 1)] ?? 0;
    const row = Uint8Array.from(raw.subarray(y * (line + 1) + 1, (y + 1) * (line + 1)));
    for (let i = 0; i < line; i++) {
      const [a, b, c] = [row[i - 3] ?? 0, above[i] ?? 0, i < 3 ? 0 : (above[i - 3] ?? 0)];
      row[i] = (row[i] ?? 0) + guess(filter, a, b, c);
    }
    for (let x = 0; x < width; x++) out[y * width + x] = ((row[3 * x] ?? 0) << 16) | ((row[3 * x + 1] ?? 0) << 8) | (row[3 * x + 2] ?? 0);
    above = row;
  }
  return out;
}

function guess(filter: number, a: number, b: number, c: number): number {
  if (filter < 4) return [0, a, b, (a + b) >> 1][filter] ?? 0;
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

function frequent(colours: Uint32Array): number[] {
  const counts = new Map<number, number>();
  for (const c of colours) counts.set(c, (counts.get(c) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.slice(0, 256).map(([c]) => c);
}

function closest(palette: number[], c: number): number {
  const apart = (p: number) => ((p >> 16) - (c >> 16)) ** 2 + (((p >> 8) & 255) - ((c >> 8) & 255)) ** 2 + ((p & 255) - (c & 255)) ** 2;
  let best = 0;
  for (let i = 1; i < palette.length; i++) if (apart(palette[i] ?? 0) < apart(palette[best] ?? 0)) best = i;
  return best;
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(body.length);
  named.copy(out, 4);
  out.writeUInt32BE(crc(named), named.length + 4);
  return out;
}

function crc(bytes: Buffer): number {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}
