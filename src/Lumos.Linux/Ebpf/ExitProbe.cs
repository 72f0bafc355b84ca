using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Ebpf;

/// <summary>A program that runs each time a function of the kernel returns; nothing else in the system pays for it.</summary>
public sealed unsafe class ExitProbe : IDisposable
{
    private const int LogLength = 1 << 16;

    private readonly FileDescriptor _program, _link;

    private ExitProbe(FileDescriptor program, FileDescriptor link) => (_program, _link) = (program, link);

    /// <summary>Loads a program and attaches it. It gets an array of the function's arguments with the result behind them in r1.</summary>
    /// <param name="function">As the kernel's own types call it: <c>__x64_sys_newuname</c>.</param>
    /// <exception cref="ErrnoException">EACCES or EINVAL: the verifier refused (its words are in the message); EBUSY, ENOTSUP: this
    /// kernel cannot be probed there.</exception>
    /// <exception cref="IOException">The kernel does not tell its types, or has no such function.</exception>
    public static ExitProbe Attach(string name, string function, EbpfProgramText text)
    {
        byte[] code = text.ToBytes();
        byte[] log = new byte[LogLength];
        FileDescriptor program;
        fixed (byte* instructions = code, words = log, license = "Dual MPL/GPL\0"u8)
        {
            var attributes = new Libc.bpf_attr
            {
                prog_type = Libc.BPF_PROG_TYPE_TRACING, expected_attach_type = Libc.BPF_TRACE_FEXIT, attach_btf_id = KernelTypes.Function(function),
                insns = (ulong)instructions, insn_cnt = (uint)(code.Length / 8), license = (ulong)license,
                log_level = 1, log_size = LogLength, log_buf = (ulong)words,
            };
            EbpfObject.Name(name, attributes.prog_name);
            long fd = Libc.bpf(Libc.BPF_PROG_LOAD, &attributes);
            if (fd < 0)
            {
                int errno = SystemCall.LastErrno;
                throw new ErrnoException($"bpf program {name}: {LastWords(log)}", errno);
            }
            program = new FileDescriptor((int)fd);
        }
        try
        {
            var attributes = new Libc.bpf_attr { link_create_prog_fd = (uint)program.Number, link_create_attach_type = Libc.BPF_TRACE_FEXIT };
            return new ExitProbe(program, EbpfObject.Make(Libc.BPF_LINK_CREATE, &attributes, $"bpf attach {name} to {function}"));
        }
        catch (ErrnoException)
        {
            program.Dispose();
            throw;
        }
    }

    /// <summary>Keeps it running from a path of bpffs, after this process.</summary>
    public void Pin(string path) => EbpfObject.Pin(_link, path);

    public void Dispose()
    {
        _link.Dispose();
        _program.Dispose();
    }

    private static string LastWords(byte[] log)
    {
        int end = Array.IndexOf(log, (byte)0);
        string[] lines = Encoding.UTF8.GetString(log, 0, Math.Max(end, 0)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Join("; ", lines.Where(line => !line.StartsWith("processed ", StringComparison.Ordinal)).TakeLast(2));
    }
}
