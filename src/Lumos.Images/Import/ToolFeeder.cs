using System.Runtime.ExceptionServices;
using Lumos.Core;
using Lumos.Drivers.Tools;

namespace Lumos.Images.Import;

/// <summary>Gives a tool what it reads, on a thread of its own.</summary>
internal sealed class ToolFeeder : IDisposable
{
    private readonly Thread _thread;
    private Exception? _fault;

    public ToolFeeder(Stream from, RunningTool tool)
    {
        _thread = new Thread(() => Feed(from, tool)) { IsBackground = true };
        _thread.Start();
    }

    /// <exception cref="LumosException">What ended the input before its end.</exception>
    public void Finish()
    {
        _thread.Join();
        if (_fault is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    public void Dispose() => _thread.Join();

    private void Feed(Stream from, RunningTool tool)
    {
        byte[] block = new byte[256 << 10];
        try
        {
            while (from.Read(block) is var got and > 0)
            {
                try
                {
                    tool.Input!.Write(block, 0, got);
                }
                catch (IOException) // it has ended before its input has: it says itself why
                {
                    return;
                }
            }
            tool.Input!.Dispose();
        }
        catch (Exception e) // of whatever kind: told where the output is read
        {
            _fault = e;
            tool.Kill();
        }
    }
}
