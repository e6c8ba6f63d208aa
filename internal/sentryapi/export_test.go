package sentryapi

// Routes lists the table of the API, as "METHOD path".
func Routes() []string {
	return each((&rest{}).routes(), func(r route) string { return r.method + " " + r.path })
}
