using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Http;
using Lumos.Vm.List;
using Lumos.Vm.Payload;
using Lumos.Vm.Snapshots;

namespace Lumos.Vm.Info;

/// <summary>
/// Which request to vminfod gets which answer:
/// <list type="bullet">
/// <item>GET /ping</item>
/// <item>GET /status, /status?full=true</item>
/// <item>GET /vms: an array; ?KEY=VALUE and ?KEY=~EXPRESSION are filters as those of vmadm list, ?fields=a,b leaves the rest out</item>
/// <item>GET /vms/UUID: one VM with its snapshots, or 404</item>
/// <item>POST /vms/UUID?action=refresh: look at it again, answered when that is done; &amp;snapshot_made=NAME and
/// &amp;snapshot_destroyed=NAME are events</item>
/// <item>GET /events, /events?uuid=UUID: a line of JSON for each event, without end</item>
/// </list>
/// </summary>
internal sealed class VmInfoRoutes(ModelKeeper keeper, IDatasets datasets, TimeProvider clock)
{
    internal const string SnapshotMade = "snapshot_made", SnapshotDestroyed = "snapshot_destroyed";

    /// <summary>Who listens keeps a connection: half of them stay free for questions.</summary>
    private const int MostListeners = HttpServer.MaxConnections / 2;

    private readonly DateTimeOffset _started = clock.GetUtcNow();
    private long _requests;

    public async ValueTask<HttpResponse> Answer(HttpRequest request)
    {
        Interlocked.Increment(ref _requests);
        try
        {
            return (request.Method, request.Path.TrimEnd('/').Split('/')[1..]) switch
            {
                ("GET" or "HEAD", ["ping"]) => HttpResponse.Json(new JsonObject { ["ping"] = "pong" }),
                ("GET" or "HEAD", ["status"]) => HttpResponse.Json(await Status(Value(request, "full") is "true" or "1").ConfigureAwait(false)),
                ("GET" or "HEAD", ["vms"]) => await List(request).ConfigureAwait(false),
                ("GET" or "HEAD", ["vms", var uuid]) => OneWithSnapshots(uuid, await keeper.Ask(model => model.Find(uuid)).ConfigureAwait(false)),
                ("POST", ["vms", var uuid]) when Value(request, "action") == "refresh" => await Refresh(uuid, request).ConfigureAwait(false),
                ("GET", ["events"]) => await Events(request).ConfigureAwait(false),
                (not ("GET" or "HEAD" or "POST"), _) => HttpResponse.Fault(405, "MethodNotAllowed", $"{request.Method} is not done here"),
                _ => HttpResponse.Fault(404, "ResourceNotFound", $"{request.Method} {request.Path} is not here; there are /ping, /status, /vms, /vms/UUID and /events"),
            };
        }
        catch (LumosException e)
        {
            return HttpResponse.Fault(e.Code is "InvalidFilter" or "InvalidField" ? 422 : 500, e.Code, LumosException.Describe(e));
        }
    }

    private static string? Value(HttpRequest request, string key) => request.Query.Where(pair => pair.Key == key).Select(pair => pair.Value).LastOrDefault();

    private static HttpResponse One(string uuid, VmInfo? vm) => vm is null
        ? HttpResponse.Fault(404, "VmNotFound", $"VM {uuid} is not here")
        : Raw([.. vm.Line, (byte)'\n']);

    /// <summary>The look at the storage is the request's own: a pool that hangs keeps nobody else waiting.</summary>
    private HttpResponse OneWithSnapshots(string uuid, VmInfo? vm) => vm is null
        ? One(uuid, null)
        : Raw([.. JsonText.Line(SnapshotFacts.With(vm.Object, SnapshotFacts.Of(datasets, vm.Spec.RootDataset))), (byte)'\n']);

    private async Task<HttpResponse> Refresh(string uuid, HttpRequest request)
    {
        var vm = await keeper.Refresh(uuid).ConfigureAwait(false);
        var snapshots = request.Query.Where(pair => pair.Key is SnapshotMade or SnapshotDestroyed).ToList();
        if (vm is not null && snapshots.Count > 0)
        {
            var there = snapshots.Any(s => s.Key == SnapshotMade) ? SnapshotFacts.Of(datasets, vm.Spec.RootDataset) : [];
            var changes = snapshots.Select(s => SnapshotChange.ToVmChange(s.Value, s.Key == SnapshotMade, there)).ToList();
            await keeper.Tell(vm, changes).ConfigureAwait(false);
        }
        return One(uuid, vm);
    }

    private static HttpResponse Raw(byte[] body) => new(200, [new("Content-Type", "application/json")]) { Body = body };

    private async Task<HttpResponse> List(HttpRequest request)
    {
        var filters = VmFilter.Parse(request.Query.Where(pair => pair.Key != "fields").Select(pair => $"{pair.Key}={pair.Value}"), "filter");
        string[]? fields = Value(request, "fields")?.Split(',');
        // What follows is done on copies of nothing: VMs never change, so the model's thread is free again.
        var vms = await keeper.Ask(model => model.Snapshot()).ConfigureAwait(false);
        if (filters.Count > 0)
        {
            vms = [.. vms.Where(vm => filters.All(filter => filter.Matches(vm.Object)))];
        }
        return Raw(fields is null ? Joined(vms) : Cut(vms, fields));
    }

    private static byte[] Joined(VmInfo[] vms)
    {
        byte[] answer = new byte[vms.Sum(vm => vm.Line.Length + 2) + 3];
        int at = 0;
        answer[at++] = (byte)'[';
        foreach (var vm in vms)
        {
            if (at > 1)
            {
                answer[at++] = (byte)',';
                answer[at++] = (byte)'\n';
            }
            vm.Line.CopyTo(answer, at);
            at += vm.Line.Length;
        }
        answer[at++] = (byte)']';
        answer[at++] = (byte)'\n';
        return answer[..at];
    }

    private static byte[] Cut(VmInfo[] vms, string[] fields)
    {
        var bytes = new MemoryStream(vms.Length * 128);
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartArray();
            foreach (var vm in vms)
            {
                json.WriteStartObject();
                foreach (string field in fields)
                {
                    if (vm.Object[field] is { } value)
                    {
                        json.WritePropertyName(field);
                        value.WriteTo(json);
                    }
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        bytes.Write("\n"u8);
        return bytes.ToArray();
    }

    private async Task<HttpResponse> Events(HttpRequest request)
    {
        var listener = new VmListener(Uuid.New().ToString(), Value(request, "uuid"), request.Header("user-agent") ?? "", clock.GetUtcNow());
        var vms = await keeper.Listen(listener, MostListeners).ConfigureAwait(false);
        if (vms is null)
        {
            return HttpResponse.Fault(503, "TooManyListeners", $"{MostListeners} listen to events already");
        }
        string? only = Value(request, "uuid");
        byte[] ready = VmEvent.Ready(listener.Id, listener.Created, vms.Where(vm => only is null || vm.Uuid == only).Select(vm => vm.Line));
        return new HttpResponse(200, [new("Content-Type", "application/json")])
        {
            Flow = body => listener.Flow(body, ready, clock),
            Over = () => keeper.Leave(listener),
        };
    }

    private Task<JsonObject> Status(bool full) => keeper.Ask(model =>
    {
        var now = clock.GetUtcNow();
        var listeners = new JsonObject();
        foreach (var listener in keeper.Listeners)
        {
            listeners[listener.Id] = new JsonObject
            {
                ["userAgent"] = listener.Agent,
                ["createdDate"] = Normaliser.Timestamp(listener.Created),
                ["createdAgo"] = Span(now - listener.Created),
            };
        }
        var status = new JsonObject
        {
            ["pid"] = Environment.ProcessId,
            ["uptime"] = Span(now - _started),
            ["started"] = Normaliser.Timestamp(_started),
            ["memory"] = new JsonObject { ["rss"] = Environment.WorkingSet, ["heapUsed"] = GC.GetTotalMemory(false) },
            ["state"] = "running",
            ["status"] = "working",
            ["numVms"] = model.Count,
            ["requests"] = Interlocked.Read(ref _requests),
            ["lastRefresh"] = keeper.Resyncs is [var last, ..] ? Span(now - last.Date) : null,
            ["eventsListeners"] = listeners,
        };
        if (full)
        {
            status["refreshLog"] = new JsonArray([.. keeper.Resyncs.Select(r => (JsonNode)new JsonObject
            {
                ["date"] = Normaliser.Timestamp(r.Date), ["reason"] = r.Why, ["vmChanges"] = r.Differences,
            })]);
            status["watching"] = new JsonObject { ["folders"] = keeper.FoldersWatched, ["inits"] = keeper.InitsWatched };
        }
        return status;
    });

    private static string Span(TimeSpan time) => time.TotalDays >= 1 ? $"{(int)time.TotalDays}d {time:hh\\:mm\\:ss}" : time.ToString("hh\\:mm\\:ss", System.Globalization.CultureInfo.InvariantCulture);
}
