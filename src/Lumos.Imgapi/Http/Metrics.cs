using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Lumos.Imgapi.Model;

namespace Lumos.Imgapi.Http;

/// <summary>What the server has done, as Prometheus reads it.</summary>
internal sealed class Metrics(TimeProvider clock)
{
    private static readonly double[] Bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

    private readonly long _began = clock.GetTimestamp();
    private readonly ConcurrentDictionary<(string Method, int Status), Counter> _requests = new();
    private readonly long[] _durations = new long[Bounds.Length + 1];
    private long _durationMicroseconds, _sent, _received, _active;

    private sealed class Counter
    {
        public long Value;
    }

    public void Begin() => Interlocked.Increment(ref _active);

    public void End(string method, int status, TimeSpan took, long sent, long received)
    {
        _ = Interlocked.Decrement(ref _active);
        // Methods are the client's words: what HTTP does not know shares one name.
        string known = method is "GET" or "HEAD" or "POST" or "PUT" or "DELETE" ? method : "other";
        _ = Interlocked.Increment(ref _requests.GetOrAdd((known, status), _ => new Counter()).Value);
        _ = Interlocked.Add(ref _durationMicroseconds, (long)took.TotalMicroseconds);
        _ = Interlocked.Add(ref _sent, sent);
        _ = Interlocked.Add(ref _received, received);
        int bucket = Array.FindIndex(Bounds, b => took.TotalSeconds <= b);
        _ = Interlocked.Increment(ref _durations[bucket < 0 ? Bounds.Length : bucket]);
    }

    public string Text(ImageIndex index, long brought)
    {
        var text = new StringBuilder();
        void Head(string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
        void One(string name, string type, string help, double value)
        {
            Head(name, type, help);
            _ = text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }

        Head("imgapi_requests_total", "counter", "Requests that were answered.");
        foreach (var (key, count) in _requests.OrderBy(r => r.Key.Method, StringComparer.Ordinal).ThenBy(r => r.Key.Status))
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"imgapi_requests_total{{method=\"{key.Method}\",status=\"{key.Status}\"}} {Interlocked.Read(ref count.Value)}\n");
        }
        Head("imgapi_request_duration_seconds", "histogram", "From a request's head to the end of its answer.");
        long sum = 0;
        for (int i = 0; i < Bounds.Length; i++)
        {
            sum += Interlocked.Read(ref _durations[i]);
            _ = text.Append(CultureInfo.InvariantCulture, $"imgapi_request_duration_seconds_bucket{{le=\"{Bounds[i]}\"}} {sum}\n");
        }
        sum += Interlocked.Read(ref _durations[^1]);
        _ = text.Append(CultureInfo.InvariantCulture, $"imgapi_request_duration_seconds_bucket{{le=\"+Inf\"}} {sum}\nimgapi_request_duration_seconds_sum {Interlocked.Read(ref _durationMicroseconds) / 1e6}\nimgapi_request_duration_seconds_count {sum}\n");
        One("imgapi_requests_active", "gauge", "Requests under way.", Interlocked.Read(ref _active));
        One("imgapi_sent_bytes_total", "counter", "Bytes of answers that were sent to their ends.", Interlocked.Read(ref _sent));
        One("imgapi_received_bytes_total", "counter", "Bytes of requests' bodies.", Interlocked.Read(ref _received));
        Head("imgapi_images", "gauge", "Images in the store.");
        foreach (string state in new[] { "active", "disabled", "unactivated" })
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"imgapi_images{{state=\"{state}\"}} {index.All.Count(i => i.State == state)}\n");
        }
        One("imgapi_stored_bytes", "gauge", "Bytes of the files of images, each counted once.",
            index.All.Select(i => i.File).OfType<StoredFile>().DistinctBy(f => f.Sha256).Sum(f => f.Size));
        One("imgapi_mirrored_images_total", "counter", "Images that were taken from the server that this one mirrors.", brought);
        One("imgapi_resident_bytes", "gauge", "Memory of the process.", Environment.WorkingSet);
        One("imgapi_uptime_seconds", "counter", "Since the start.", Math.Round(clock.GetElapsedTime(_began).TotalSeconds, 3));
        return text.ToString();
    }
}
