using Lumos.Core;
using Lumos.Drivers.Tools;

namespace Lumos.Drivers.Datasets;

/// <summary>A <c>zfs send</c> under way.</summary>
internal sealed class ZfsSend(RunningTool tool, SnapshotName snapshot) : IDatasetSend
{
    public Stream Output => tool.Output!;

    public void Finish()
    {
        var result = tool.Finish();
        if (!result.Succeeded)
        {
            throw DatasetException.Failed(snapshot.ToString(), "send", new ToolException(result));
        }
    }

    public void Dispose() => tool.Dispose();
}

/// <summary>A <c>zfs receive</c> under way. Killed before its end, the kernel drops what it had.</summary>
internal sealed class ZfsReceive : IDatasetReceive
{
    private readonly RunningTool _tool;
    private readonly DatasetName _name;

    public ZfsReceive(RunningTool tool, DatasetName name)
    {
        _tool = tool;
        _name = name;
        Input = new Feed(this);
    }

    public Stream Input { get; }

    public void Finish()
    {
        var result = _tool.Finish();
        if (!result.Succeeded)
        {
            throw DatasetException.Stream(_name.Value, "was refused", new ToolException(result));
        }
    }

    public void Dispose() => _tool.Dispose();

    /// <summary>Writes to the tool; when it has stopped reading, throws what it said instead of "broken pipe".</summary>
    private sealed class Feed(ZfsReceive owner) : WriteOnlyStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                owner._tool.Input!.Write(buffer);
            }
            catch (IOException)
            {
                owner.Finish();
                throw; // it read half and yet reports success: the broken pipe is all we know
            }
        }
    }
}
