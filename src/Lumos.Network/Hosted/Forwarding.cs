using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;

namespace Lumos.Network.Hosted;

/// <summary>
/// The switches net.ipv4.conf.LINK.forwarding of the host's links. What each was before any hosted root came is kept in one
/// file for all roots of the host; the last root that goes puts it back. Links are switched one by one, never all at once by
/// net.ipv4.ip_forward, which would make a router of links that are no concern of ours.
/// </summary>
public sealed class Forwarding(string folder, string proc = "/proc/sys/net/ipv4")
{
    private const string Off = "0", On = "1";

    private string StateFile => Path.Combine(folder, "forwarding.json");

    /// <summary>Switches a link of ours on: it goes with its setting.</summary>
    public void SwitchOn(string link) => File.WriteAllText(Switch(link), On);

    /// <summary>Switches links of the host on for a root, and remembers.</summary>
    public void Claim(string root, IEnumerable<string> links)
    {
        using var turn = Lock();
        var state = Read() ?? new JsonObject { ["ip_forward"] = Value(Path.Combine(proc, "ip_forward")), ["roots"] = new JsonArray(), ["links"] = new JsonObject() };
        var roots = state["roots"]!.AsArray();
        if (roots.All(r => r!.ToString() != root))
        {
            roots.Add((JsonNode)root);
        }
        var before = state["links"]!.AsObject();
        var off = links.Where(l => Value(Switch(l)) == Off).ToList();
        foreach (string link in off.Where(l => !before.ContainsKey(l)))
        {
            before[link] = Off;
        }
        // Written first: after a crash there is one switch too many on, never one that nobody knows of.
        AtomicFile.Write(StateFile, state.ToJsonString() + "\n");
        off.ForEach(SwitchOn);
    }

    /// <summary>A root goes.</summary>
    /// <param name="root">Its name.</param>
    /// <param name="isThere">Whether another root still has its network: one that died without going is not waited for.</param>
    public void Release(string root, Func<string, bool> isThere)
    {
        using var turn = Lock();
        if (Read() is not { } state)
        {
            return;
        }
        string[] others = [.. state["roots"]!.AsArray().Select(r => r!.ToString()).Where(r => r != root && isThere(r))];
        if (others.Length > 0)
        {
            var roots = new JsonArray();
            foreach (string other in others)
            {
                roots.Add((JsonNode)other);
            }
            state["roots"] = roots;
            AtomicFile.Write(StateFile, state.ToJsonString() + "\n");
            return;
        }
        // Somebody else has made a router of the host meanwhile, and counts on every link: that is theirs to undo.
        bool othersWant = state["ip_forward"]!.ToString() == Off && Value(Path.Combine(proc, "ip_forward")) == On;
        foreach (var (link, before) in state["links"]!.AsObject())
        {
            if (!othersWant && Value(Switch(link)) is not null)
            {
                File.WriteAllText(Switch(link), before!.ToString());
            }
        }
        AtomicFile.Remove(StateFile);
    }

    private JsonObject? Read()
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(StateFile)) as JsonObject;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Null: the link is gone.</summary>
    private static string? Value(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private string Switch(string link) => Path.Combine(proc, "conf", link, "forwarding");

    private FileLock Lock() => FileLock.Acquire(Path.Combine(folder, "forwarding.lock"), TimeSpan.FromSeconds(30));
}
