using System.Collections.Frozen;
using Lumos.Core;
using Lumos.Drivers.Http;

namespace Lumos.Vm.Display.Web;

/// <summary>The files of the page: those that are in its folder when it is looked at, so that no path of a request is ever followed.</summary>
internal sealed class WebFiles
{
    internal const string Folder = "/usr/share/lumos/console";

    /// <summary>What shows a screen, whichever it is.</summary>
    private const string Page = "/index.html";

    private static readonly FrozenDictionary<string, string> s_types = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8", [".js"] = "text/javascript; charset=utf-8", [".css"] = "text/css; charset=utf-8", [".txt"] = "text/plain; charset=utf-8",
    }.ToFrozenDictionary();

    // The page is given nothing but what comes from here, and nobody may show it within another.
    private static readonly KeyValuePair<string, string>[] s_rules =
    [
        new("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        new("X-Content-Type-Options", "nosniff"),
        new("Referrer-Policy", "no-referrer"),
        new("Cache-Control", "no-cache"),
    ];

    private readonly FrozenDictionary<string, string> _files;

    /// <exception cref="LumosException">NoConsolePage.</exception>
    internal WebFiles(string folder)
    {
        _files = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToFrozenDictionary(file => "/" + Path.GetRelativePath(folder, file), StringComparer.Ordinal)
            : FrozenDictionary<string, string>.Empty;
        if (!_files.ContainsKey(Page))
        {
            throw new LumosException("NoConsolePage", $"the page of the web console is not in {folder}");
        }
    }

    /// <summary>Null: there is no such file.</summary>
    /// <param name="path">Of the request.</param>
    internal HttpResponse? Find(string path)
    {
        if (!_files.TryGetValue(Uuid.TryParse(path[1..], out _) ? Page : path, out string? file))
        {
            return null;
        }
        return new HttpResponse(200, [new("Content-Type", s_types.GetValueOrDefault(Path.GetExtension(file), "application/octet-stream")), .. s_rules]) { Body = File.ReadAllBytes(file) };
    }
}
