using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Lumos.Cli.Tests;

public class OutputStreamTests
{
    [Fact]
    public void The_reader_of_standard_output_that_leaves_is_told_apart_from_other_broken_pipes()
    {
        using var gone = Unread();
        using var output = new OutputStream(gone);
        Assert.Throws<ReaderLeftException>(() => output.Write("x"u8));

        using var other = Unread();
        Assert.IsNotType<ReaderLeftException>(Assert.ThrowsAny<IOException>(() => other.Write("x"u8)));
    }

    [Fact]
    public void Work_goes_on_when_nobody_reads_standard_error_or_its_file_is_full()
    {
        using var gone = Unread();
        using var errors = new StreamWriter(new OutputStream(gone, goesOn: true)) { AutoFlush = true };
        errors.WriteLine("waiting for a lock");

        using var full = new StreamWriter(new OutputStream(Full(), goesOn: true)) { AutoFlush = true };
        full.WriteLine("waiting for a lock");
    }

    [Fact]
    public void Other_faults_of_output_are_faults()
    {
        using var full = new OutputStream(Full());
        Assert.IsNotType<ReaderLeftException>(Assert.ThrowsAny<IOException>(() => full.Write("x"u8)));
    }

    private static FileStream Full() => new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    /// <summary>A pipe without a reader, written to by write(2), as standard output is.</summary>
    private static FileStream Unread()
    {
        var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        pipe.DisposeLocalCopyOfClientHandle();
        nint descriptor = pipe.SafePipeHandle.DangerousGetHandle();
        pipe.SafePipeHandle.SetHandleAsInvalid(); // from here on it is the stream's
        return new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Write, bufferSize: 0);
    }
}
