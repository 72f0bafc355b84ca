using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm.Info;

/// <summary>One event: the line as it came, and what it says.</summary>
public sealed record SeenEvent(byte[] Line, JsonObject Object)
{
    public string Type => JsonText.Plain(Object["type"]);
}

/// <summary>
/// Listens to vminfod for ever, through its restarts: what the follower knew is compared with what the next vminfod says, and
/// what happened in between is told as the events it would have been.
/// </summary>
/// <param name="uuid">Of this VM only; null: of all.</param>
/// <param name="agent">Who listens, for vminfod's status.</param>
/// <param name="say">Gets a sentence when vminfod goes, and when it is back.</param>
public sealed class VmEventFollower(string socket, string? uuid, string agent, Action<string> say)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<string, JsonObject> _known = new(StringComparer.Ordinal);

    /// <summary>The events; the first is <c>ready</c>.</summary>
    /// <exception cref="LumosException">VminfodDown: it did not run when this began.</exception>
    public IEnumerable<SeenEvent> Events()
    {
        var client = VmInfoClient.TryConnect(socket)
            ?? throw new LumosException("VminfodDown", "vminfod is not running: \"svcs -x vminfod\" tells why");
        bool began = false;
        while (true)
        {
            string reason = "it was killed or crashed";
            using (client)
            {
                foreach (byte[] line in client.Events(uuid, agent))
                {
                    if (JsonNode.Parse(line) is not JsonObject seen)
                    {
                        continue;
                    }
                    var e = new SeenEvent(line, seen);
                    if (e.Type == "end")
                    {
                        reason = JsonText.Plain(seen["reason"]);
                    }
                    else if (e.Type != "ready")
                    {
                        Remember(seen["uuid"], seen["vm"] as JsonObject);
                        yield return e;
                    }
                    else if (!began)
                    {
                        began = true;
                        Learn(seen);
                        yield return e;
                    }
                    else
                    {
                        foreach (var missed in Compare(seen))
                        {
                            yield return missed;
                        }
                    }
                }
            }
            say($"vminfod ended the events ({reason}); waiting for it");
            client = Reconnect();
            say("vminfod is back; what changed meanwhile follows");
        }
    }

    private VmInfoClient Reconnect()
    {
        while (true)
        {
            if (VmInfoClient.TryConnect(socket) is { } client)
            {
                return client;
            }
            Thread.Sleep(Pause);
        }
    }

    private void Learn(JsonObject ready)
    {
        foreach (var vm in ready["vms"]!.AsArray().OfType<JsonObject>())
        {
            Remember(vm["uuid"], vm);
        }
    }

    private void Remember(JsonNode? name, JsonObject? vm)
    {
        if (vm is null)
        {
            _known.Remove(JsonText.Plain(name));
        }
        else
        {
            _known[JsonText.Plain(name)] = vm;
        }
    }

    private List<SeenEvent> Compare(JsonObject ready)
    {
        var missed = new List<SeenEvent>();
        var now = ready["vms"]!.AsArray().OfType<JsonObject>().ToDictionary(vm => JsonText.Plain(vm["uuid"]), StringComparer.Ordinal);
        var date = DateTimeOffset.Parse(JsonText.Plain(ready["date"]), System.Globalization.CultureInfo.InvariantCulture);
        foreach (string name in _known.Keys.Union(now.Keys).ToList())
        {
            var after = now.GetValueOrDefault(name);
            if (VmEvent.Of(_known.GetValueOrDefault(name), after, after is null ? null : JsonText.Line(after), date) is { } line)
            {
                byte[] text = line[..^1];
                missed.Add(new SeenEvent(text, (JsonObject)JsonNode.Parse(text)!));
            }
            Remember(name, after);
        }
        return missed;
    }
}
