using System.CommandLine;
using System.Net.Sockets;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Machine;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos console</c>: the serial line, key by key.</summary>
internal static class ConsoleCommand
{
    private const byte Escape = 0x1D; // Ctrl-]

    public static Command Create(Checkout checkout)
    {
        var command = new Command("console", "Attach to the machine's serial console; Ctrl-] leaves it");
        command.SetAction(_ => Attach(Running.Machine(checkout)));
        return command;
    }

    private static int Attach(QemuMachine machine)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(machine.Folder.SerialSocket));
        }
        catch (SocketException e)
        {
            throw new LumosException("ConsoleBusy", "the serial console cannot be reached; only one may be attached at a time", inner: e);
        }
        bool terminal = !Console.IsInputRedirected;
        string saved = terminal ? Terminal("-g") : "";
        Console.Error.WriteLine("Attached to the serial console; Ctrl-] leaves it, Enter wakes the login prompt.");
        try
        {
            if (terminal)
            {
                Terminal("raw", "-echo");
            }
            var output = new Thread(() => Copy(socket)) { IsBackground = true };
            output.Start();
            Feed(socket);
            if (!terminal)
            {
                // Input from a file has ended; the machine may still be answering it.
                output.Join(TimeSpan.FromSeconds(2));
            }
        }
        finally
        {
            if (terminal)
            {
                Terminal(saved);
            }
        }
        Console.Error.WriteLine();
        return 0;
    }

    private static void Feed(Socket socket)
    {
        // Console.OpenStandardInput edits lines on a terminal; descriptor 0 itself gives each key.
        using var handle = new SafeFileHandle(0, ownsHandle: false);
        using var keys = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        byte[] buffer = new byte[256];
        int count;
        while ((count = keys.Read(buffer)) > 0)
        {
            int escape = Array.IndexOf(buffer, Escape, 0, count);
            try
            {
                socket.Send(buffer.AsSpan(0, escape < 0 ? count : escape));
            }
            catch (SocketException)
            {
                return; // the machine is gone
            }
            if (escape >= 0)
            {
                return;
            }
        }
    }

    private static void Copy(Socket socket)
    {
        using var handle = new SafeFileHandle(1, ownsHandle: false);
        using var screen = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        byte[] buffer = new byte[4096];
        try
        {
            int count;
            while ((count = socket.Receive(buffer)) > 0)
            {
                screen.Write(buffer, 0, count);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // One end has gone.
        }
    }

    /// <summary>stty on our own terminal.</summary>
    private static string Terminal(params string[] words) =>
        Tool.Run(["stty", "-F", "/dev/tty", .. words], input: null).Output.Trim();
}
