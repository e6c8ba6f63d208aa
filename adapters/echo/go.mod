module relay.one/picket/adapters/echo

go 1.26.0

require (
	github.com/labstack/echo/v5 v5.4.4
	relay.one/picket v0.0.0
)

require (
	github.com/getsentry/sentry-go v0.50.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.15.0 // indirect
)

replace relay.one/picket => ../..
