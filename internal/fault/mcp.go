package fault

import "strings"

// mcp is the Model Context Protocol: its SDKs' errors, and the codes of JSON-RPC.
var mcp = family{
	in:       inMCP,
	prefixes: []string{"mcp", "McpError", "MCPError", "McpException", "fastmcp", "@modelcontextprotocol/sdk", "github.com/modelcontextprotocol/go-sdk", "github.com/mark3labs/mcp-go", "ModelContextProtocol"},
	signs:    []string{"mcp error", "mcp server", "mcp client"},
	types: []typeRule{
		{name: "McpError", kind: MCPError, general: true},
		{name: "MCPError", kind: MCPError, general: true},
		{name: "McpException", kind: MCPError, general: true},
		{name: "MCPToolCancellationError", kind: ToolError},
		{name: "ToolError", kind: ToolError, needs: inMCP | inTool, general: true},
		{name: "StreamableHTTPError", kind: MCPError},
		{name: "SseError", kind: MCPError, needs: inMCP},
	},
	phrases: []phraseRule{
		{text: "unknown tool:", kind: ToolNotFound, needs: inMCP | inTool},
		{text: "invalid arguments for tool", kind: InvalidArguments, needs: inRun},
		{text: "input validation error", kind: InvalidArguments, needs: inMCP | inTool},
		{text: "error executing tool", kind: ToolError, needs: inMCP | inTool},
		{text: "mcp server", also: "failed to start", kind: MCPError},
		{text: "failed to connect to mcp", kind: MCPError},
		{text: "failed to initialize mcp", kind: MCPError},
		{text: "connection to mcp", kind: MCPError},
	},
}

// Rules for JSON-RPC's codes, as MCP's SDKs use them.
var (
	rpcNoMethod    = rule{kind: MCPError, name: "rpc:-32601", code: "-32601"}
	rpcNoTool      = rule{kind: ToolNotFound, name: "rpc:-32602", code: "-32602"}
	rpcArguments   = rule{kind: InvalidArguments, name: "rpc:-32602", code: "-32602"}
	rpcTimeout     = rule{kind: MCPError, name: "rpc:-32001", code: "-32001", retry: true}
	rpcToolTimeout = rule{kind: ToolTimeout, name: "rpc:-32001", code: "-32001"}
	rpcClosed      = rule{kind: MCPError, name: "rpc:-32000", code: "-32000", retry: true}
	rpcOther       = [...]rule{
		{kind: MCPError, name: "rpc:-32603", code: "-32603"},
		{kind: MCPError, name: "rpc:-32600", code: "-32600"},
		{kind: MCPError, name: "rpc:-32700", code: "-32700"},
		{kind: MCPError, name: "rpc:-32002", code: "-32002"},
		{kind: MCPError, name: "rpc:-32042", code: "-32042"},
	}
)

// byRPC returns the rule for a code of JSON-RPC in the message, if MCP was spoken. When
// errors were passed on, several codes stand there, and the last is the cause.
func (e *evidence) byRPC() *rule {
	if e.in&inMCP == 0 {
		return nil
	}
	at := strings.LastIndex(e.text, "-32")
	if at < 0 || at+6 > len(e.text) {
		return nil
	}
	switch code := e.text[at : at+6]; code {
	case "-32601":
		return &rpcNoMethod
	case "-32602":
		if containsFold(e.text, "not found") || containsFold(e.text, "unknown tool") {
			return &rpcNoTool
		}
		return &rpcArguments
	case "-32001":
		if e.in&inTool != 0 {
			return &rpcToolTimeout
		}
		return &rpcTimeout
	case "-32000":
		return &rpcClosed
	default:
		for i := range rpcOther {
			if rpcOther[i].code == code {
				return &rpcOther[i]
			}
		}
	}
	return nil
}

// containsFold reports whether the text contains the words, which are in small letters.
func containsFold(text, words string) bool {
	for i := 0; i+len(words) <= len(text); i++ {
		if fold[text[i]] == words[0] && strings.EqualFold(text[i:i+len(words)], words) {
			return true
		}
	}
	return false
}
