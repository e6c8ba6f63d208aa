package sentry

import (
	"strconv"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// statusCodes are the statuses by gRPC's numbers, which OpenTelemetry's SDKs once sent.
var statusCodes = [...]model.SpanStatus{
	model.StatusOK, model.StatusCancelled, model.StatusUnknown, model.StatusInvalidArgument,
	model.StatusDeadlineExceeded, model.StatusNotFound, model.StatusAlreadyExists,
	model.StatusPermissionDenied, model.StatusResourceExhausted, model.StatusFailedPrecondition,
	model.StatusAborted, model.StatusOutOfRange, model.StatusUnimplemented, model.StatusInternalError,
	model.StatusUnavailable, model.StatusDataLoss, model.StatusUnauthenticated,
}

// status reads how a span ended, by name or number; StatusUnknown for anything else.
func status(v *fastjson.Value) model.SpanStatus {
	switch typeOf(v) {
	case fastjson.TypeString:
		return namedStatus(v.GetStringBytes())
	case fastjson.TypeNumber:
		if n := integer(v); n >= 0 && n < len(statusCodes) {
			return statusCodes[n]
		}
		return httpStatus(integer(v))
	}
	return model.StatusUnknown
}

func namedStatus(b []byte) model.SpanStatus {
	switch string(b) {
	case "ok": // nearly all
		return model.StatusOK
	case "error":
		return model.StatusInternalError
	}
	if len(b) > 32 {
		return model.StatusUnknown
	}
	if s, ok := model.ParseStatus(string(b)); ok {
		return s
	}
	if n, err := strconv.Atoi(string(b)); err == nil {
		return httpStatus(n)
	}
	return model.StatusUnknown
}

// httpStatus returns the status that an HTTP response stands for.
func httpStatus(code int) model.SpanStatus {
	switch code {
	case 400:
		return model.StatusInvalidArgument
	case 401:
		return model.StatusUnauthenticated
	case 403:
		return model.StatusPermissionDenied
	case 404:
		return model.StatusNotFound
	case 409:
		return model.StatusAlreadyExists
	case 429:
		return model.StatusResourceExhausted
	case 499:
		return model.StatusCancelled
	case 501:
		return model.StatusUnimplemented
	case 503:
		return model.StatusUnavailable
	case 504:
		return model.StatusDeadlineExceeded
	}
	switch {
	case code >= 200 && code < 400:
		return model.StatusOK
	case code >= 400 && code < 500:
		return model.StatusInvalidArgument
	case code >= 500 && code < 600:
		return model.StatusInternalError
	}
	return model.StatusUnknown
}
