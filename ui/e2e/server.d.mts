export interface Server {
  url: string;
  pid: number;
  stop: () => Promise<void>;
  said: () => string;
}
export function build(to: string): string;
export function fill(bin: string, data: string): void;
export function serve(bin: string, data: string, flags?: string[]): Promise<Server>;
