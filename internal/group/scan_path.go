package group

import "strings"

// path matches a file's path that begins with a sign: /usr/…, ~/…, ./…, ../….
func (s *scanner) path(i int) (token, int) {
	t := s.text
	if i > 0 && joins(t[i-1]) {
		return none, 0
	}
	end := trimPath(t, i, skip(t, i, inPath))
	p := t[i:end]
	switch {
	case strings.HasPrefix(p, "~/"), strings.HasPrefix(p, "./"), strings.HasPrefix(p, "../"):
		if len(p) < 4 {
			return none, 0
		}
	case p == "" || p[0] != '/':
		return none, 0
	default:
		first, rest, more := strings.Cut(p[1:], "/")
		if !(more && rest != "" && isRoot(first)) && !hasFileExt(p) {
			return none, 0
		}
	}
	return pathToken, lineEnd(t, end)
}

// filePathEnd returns the end of the path that begins with the word t[i:j], or 0:
// a relative one to a file with a known extension, or one with a drive.
func (s *scanner) filePathEnd(i, j int) int {
	t := s.text
	if j == len(t) {
		return 0
	}
	if j-i == 1 && t[j] == ':' && j+1 < len(t) && (t[j+1] == '\\' || t[j+1] == '/') && is(t, i, letter) {
		end := j + 1
		for end < len(t) && (classes[t[end]]&inPath != 0 || t[end] == '\\') {
			end++
		}
		return lineEnd(t, trimPath(t, i, end))
	}
	if i < s.pathDead || t[j] != '/' && t[j] != '-' && t[j] != '.' || i > 0 && joins(t[i-1]) {
		return 0
	}
	end := skip(t, i, inPath)
	s.pathDead = end
	end = trimPath(t, i, end)
	if strings.IndexByte(t[i:end], '/') < 0 || !hasFileExt(t[i:end]) {
		return 0
	}
	return lineEnd(t, end)
}

// joins reports whether c, standing before a path, would be part of it.
func joins(c byte) bool { return classes[c]&wordy != 0 || strings.IndexByte("/.-~@", c) >= 0 }

// trimPath takes from the path t[i:end] the punctuation that belongs to the sentence.
func trimPath(t string, i, end int) int {
	for end > i && strings.IndexByte(".-=&", t[end-1]) >= 0 {
		end--
	}
	return end
}

// lineEnd skips :line and :line:column at i.
func lineEnd(t string, i int) int {
	for range 2 {
		if i >= len(t) || t[i] != ':' || !is(t, i+1, digit) {
			break
		}
		end := skip(t, i+1, digit)
		if is(t, end, wordy) {
			break
		}
		i = end
	}
	return i
}

// fileBefore reports whether the name of a file ends at i.
func fileBefore(t string, i int) bool {
	k := i
	for k > 0 && i-k <= maxFileExt && classes[t[k-1]]&alnum != 0 {
		k--
	}
	return k > 1 && t[k-1] == '.' && is(t, k-2, wordy) && isFileExt(t[k:i])
}

func hasFileExt(path string) bool {
	dot := strings.LastIndexByte(path, '.')
	return dot > 0 && len(path)-dot-1 <= maxFileExt && path[dot-1] != '/' && isFileExt(path[dot+1:])
}

const maxFileExt = 8

func isFileExt(e string) bool {
	switch e {
	case "json", "jsonl", "yaml", "yml", "toml", "txt", "md", "mdx", "rst", "csv", "tsv", "log", "lock", "env", "ini",
		"cfg", "conf", "py", "pyi", "ipynb", "js", "jsx", "mjs", "cjs", "ts", "tsx", "vue", "svelte", "go", "mod", "rs",
		"rb", "php", "java", "kt", "scala", "c", "h", "cc", "cpp", "hpp", "cs", "swift", "sh", "bash", "sql", "html",
		"htm", "css", "scss", "xml", "pdf", "png", "jpg", "jpeg", "gif", "webp", "svg", "zip", "gz", "tgz", "tar", "db",
		"sqlite", "pem", "key", "crt", "parquet", "pkl", "onnx", "pt", "bin", "wasm", "map", "proto", "bak", "tmp",
		"docx", "xlsx", "pptx", "mp3", "mp4", "wav", "so", "dll", "exe", "patch", "diff", "sock", "pid":
		return true
	}
	return false
}

// isRoot reports whether files, rather than routes of a service, stand under /d.
func isRoot(d string) bool {
	switch d {
	case "home", "Users", "usr", "var", "tmp", "etc", "opt", "root", "mnt", "media", "srv", "proc", "dev", "sys", "run",
		"bin", "lib", "lib64", "private", "Volumes", "Library", "Applications", "System", "workspace", "workspaces",
		"nix", "code", "src", "app", "data", "build", "repo", "sandbox", "snap", "cygdrive":
		return true
	}
	return false
}
