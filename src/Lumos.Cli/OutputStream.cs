using Lumos.Core;

namespace Lumos.Cli;

/// <summary>Whoever read our standard output has had enough (<c>vmadm list | head</c>): we end, and nothing went wrong.</summary>
public sealed class ReaderLeftException(IOException inner) : IOException("the reader of standard output went away", inner);

/// <summary>
/// Standard output or standard error of a command. A pipe without a reader is told apart here, where it is known which pipe it is:
/// any other broken pipe (of a socket, of a program we feed) is a fault like others.
/// </summary>
public sealed class OutputStream : WriteOnlyStream
{
    /// <summary>errno EPIPE.</summary>
    private const int BrokenPipe = 32;

    private readonly Stream _inner;
    private readonly bool _goesOn;

    /// <param name="goesOn">What cannot be written is dropped and the work goes on: of standard error, where we only say how it goes.</param>
    public OutputStream(Stream inner, bool goesOn = false)
    {
        _inner = inner;
        _goesOn = goesOn;
    }

    /// <exception cref="ReaderLeftException">Nobody reads any more.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _inner.Write(buffer);
        }
        catch (IOException) when (_goesOn)
        {
            // Nobody reads it, or its file is on a full disk: what is being done matters more than what is said of it.
        }
        catch (IOException e) when (e.HResult == BrokenPipe)
        {
            throw new ReaderLeftException(e);
        }
    }

    public override void Flush() => _inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }
        base.Dispose(disposing);
    }
}
