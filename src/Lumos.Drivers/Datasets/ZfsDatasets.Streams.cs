using Lumos.Drivers.Tools;
using Lumos.Linux;

namespace Lumos.Drivers.Datasets;

// Streams: what is sent and received, and what is left of a receive that was cut.
public sealed partial class ZfsDatasets
{
    public IDatasetSend OpenSend(SnapshotName snapshot, SendOptions? options = null)
    {
        if (options?.Resume is { } token)
        {
            return new ZfsSend(Start([zfs, "send", "-t", token], snapshot.ToString(), output: true), snapshot);
        }
        if (!Exists(snapshot))
        {
            throw DatasetException.NotFound(snapshot.ToString());
        }
        List<string> argv = [zfs, "send"];
        if (options?.Replicate == true)
        {
            argv.Add("-R");
        }
        else if (options?.Properties == true)
        {
            argv.Add("-p");
        }
        if (options?.From is { } from)
        {
            argv.AddRange(["-i", from.ToString()]);
        }
        return new ZfsSend(Start([.. argv, snapshot.ToString()], snapshot.ToString(), output: true), snapshot);
    }

    public IDatasetReceive OpenReceive(DatasetName name, ReceiveOptions? options = null)
    {
        options ??= new ReceiveOptions();
        if (options.Onto is { } onto && !Exists(onto))
        {
            throw DatasetException.NotFound(onto.ToString());
        }
        bool resumes = options.Resumable && Exists(name) && ResumeToken(name) is not null;
        if (options.Onto is null && !resumes && Exists(name))
        {
            throw DatasetException.Exists(name.Value);
        }
        if (name.Parent is not { } parent || !Exists(parent))
        {
            throw DatasetException.NotFound(name.Parent?.Value ?? name.Value);
        }
        return new ZfsReceive(Start([.. ReceiveWords(zfs, name, options, resumes)], name.Value, output: false), name);
    }

    /// <summary>The command line of a receive.</summary>
    /// <param name="resumes">It goes on with one that was cut, which got its properties and its origin when it began.</param>
    public static IReadOnlyList<string> ReceiveWords(string zfs, DatasetName name, ReceiveOptions options, bool resumes)
    {
        List<string> argv = [zfs, "receive"];
        if (!options.Mount)
        {
            argv.Add("-u");
        }
        if (options.Resumable)
        {
            argv.Add("-s");
        }
        if (options.Onto is not null)
        {
            argv.Add("-F");
        }
        if (!resumes)
        {
            argv.AddRange(Options(options.Properties));
            argv.AddRange(options.Without.SelectMany(p => new[] { "-x", p }));
            argv.AddRange(options.Origin is { } origin ? ["-o", $"origin={origin}"] : []);
        }
        argv.Add(name.Value);
        return argv;
    }

    public string? ResumeToken(DatasetName name) =>
        Exists(name) ? GetProperties(name, "receive_resume_token")["receive_resume_token"] : null;

    public void AbortReceive(DatasetName name)
    {
        if (ResumeToken(name) is not null)
        {
            Do(name, "drop what was received of", [zfs, "receive", "-A", name.Value]);
        }
    }

    private static RunningTool Start(string[] argv, string name, bool output)
    {
        try
        {
            return RunningTool.Start(argv, pipeInput: !output, pipeOutput: output);
        }
        catch (ErrnoException e)
        {
            throw DatasetException.Failed(name, output ? "send" : "receive", e);
        }
    }
}
